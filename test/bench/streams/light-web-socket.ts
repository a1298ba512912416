import { connect, type Socket } from "node:net";

/** All sockets read into it, one after the other. */
const READ_BUFFER = Buffer.allocUnsafe(65_536);
const NOTHING = Buffer.alloc(0);

const FIN_TEXT = 0x81;
const PING = 0x89;
const PONG = 0x8a;
const IS_MASKED = 0x80;
const HEADER_END = "\r\n\r\n";

/**
 * A WebSocket client that does next to nothing for a message, so that what is measured beside it is the server. It takes the
 * unfragmented messages of a server that it trusts, compresses nothing, and its masks are of zeros.
 */
export class LightWebSocket {
  readonly #socket: Socket;
  readonly #onMessage: (message: Buffer) => void;
  /** What was read of a message that is not whole yet. */
  #rest = NOTHING;

  private constructor(socket: Socket, onMessage: (message: Buffer) => void) {
    this.#socket = socket;
    this.#onMessage = onMessage;
  }

  /** Resolves when the connection is open. `onMessage` gets bytes that are good until it returns. */
  static open(url: string, protocol: string, onMessage: (message: Buffer) => void): Promise<LightWebSocket> {
    const { hostname, port, pathname } = new URL(url);
    return new Promise((resolve, reject) => {
      let opened: LightWebSocket | null = null;
      let response = "";
      const socket = connect({
        host: hostname,
        port: Number(port),
        noDelay: true,
        onread: {
          buffer: READ_BUFFER,
          callback(length, buffer) {
            const bytes = (buffer as Buffer).subarray(0, length);
            if (opened !== null) {
              opened.#read(bytes);
              return true;
            }
            response += bytes.toString("latin1");
            const end = response.indexOf(HEADER_END);
            if (end < 0) return true;
            if (!response.startsWith("HTTP/1.1 101 ")) {
              socket.destroy(new Error(`no WebSocket: ${response.slice(0, response.indexOf("\r\n"))}`));
              return true;
            }
            opened = new LightWebSocket(socket, onMessage);
            resolve(opened);
            opened.#read(Buffer.from(response.slice(end + HEADER_END.length), "latin1"));
            return true;
          },
        },
      });
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("the server ended the connection")));
      const key = Buffer.alloc(16).toString("base64");
      socket.write(
        [
          `GET ${pathname} HTTP/1.1`,
          `Host: ${hostname}:${port}`,
          "Connection: Upgrade",
          "Upgrade: websocket",
          "Sec-WebSocket-Version: 13",
          `Sec-WebSocket-Key: ${key}`,
          `Sec-WebSocket-Protocol: ${protocol}`,
        ].join("\r\n") + HEADER_END,
      );
    });
  }

  /** Sends a text message of less than 64 KB. */
  send(text: string): void {
    this.#write(FIN_TEXT, Buffer.from(text));
  }

  /** Reads nothing more. */
  pause(): void {
    this.#socket.pause();
  }

  terminate(): void {
    this.#socket.destroy();
  }

  onClose(action: () => void): void {
    this.#socket.once("close", action);
  }

  #write(firstByte: number, payload: Buffer): void {
    const isShort = payload.length < 126;
    const header = Buffer.alloc(isShort ? 6 : 8);
    header[0] = firstByte;
    header[1] = IS_MASKED | (isShort ? payload.length : 126);
    if (!isShort) header.writeUInt16BE(payload.length, 2);
    this.#socket.write(Buffer.concat([header, payload]));
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at + 2 <= bytes.length) {
      const short = bytes[at + 1]!;
      const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
      if (start > bytes.length) break;
      const length =
        short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
      if (start + length > bytes.length) break;
      const payload = bytes.subarray(start, start + length);
      if (bytes[at] === FIN_TEXT) this.#onMessage(payload);
      else if (bytes[at] === PING) this.#write(PONG, payload);
      at = start + length;
    }
    // What is kept is copied: the next socket reads into the same buffer.
    this.#rest = at === bytes.length ? NOTHING : Buffer.from(bytes.subarray(at));
  }
}
