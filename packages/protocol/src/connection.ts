import { connect, type Socket } from "node:net";
import { FrameReader, sealFrame, type Frame } from "./frame.ts";
import {
  blockOf,
  decodeErrorReply,
  decodeHelloAck,
  encodeHello,
  ERROR_CODE_NAMES,
  FRAME_HEADER_BYTES,
  FrameKind,
  GOODBYE_TEMPLATE,
  HEARTBEAT_TEMPLATE,
  HELLO_ACK_TEMPLATE,
  HELLO_BYTES,
  HELLO_TEMPLATE,
  type Hello,
  type HelloAck,
} from "./messages.generated.ts";
import type { Shard } from "./shard.ts";

export interface ConnectionHandlers {
  onFrame(frame: Frame): void;
  /** Called once, whatever ended the connection. */
  onClose(reason: Error): void;
}

const CONNECT_MS_MAX = 3_000;

/** One connection to the engine after its Hello: frames both ways, heartbeats, and an end when the other side is silent. */
export class Connection {
  readonly acknowledged: HelloAck;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  readonly #reader: FrameReader;
  #handlers: ConnectionHandlers | null = null;
  #closed: Error | null = null;
  #sentAt = Date.now();
  #receivedAt = Date.now();

  /**
   * `address` is `unix:/path` or `tcp:host:port`. Fails when the engine does not answer the Hello within 3 s, and with WRONG_SHARD
   * when it is not the shard that is expected behind the address.
   */
  static async open(address: string, hello: Hello, shard?: Shard): Promise<Connection> {
    const socket = connect(parseAddress(address));
    socket.setNoDelay(true);
    const reader = new FrameReader();
    return new Promise<Connection>((resolve, reject) => {
      const timer = setTimeout(
        () => end(new Error(`no answer from the engine at ${address} within ${CONNECT_MS_MAX} ms`)),
        CONNECT_MS_MAX,
      );
      const end = (error: Error) => {
        clearTimeout(timer);
        socket.destroy();
        reject(error);
      };
      socket.once("error", end);
      socket.once("close", () => end(new Error("the engine closed the connection during the Hello")));
      socket.once("connect", () => socket.write(helloFrame(hello)));
      const onData = (chunk: Buffer) => {
        try {
          for (const frame of reader.push(chunk)) {
            if (frame.header.kind === FrameKind.ERROR) throw errorOf(frame);
            if (frame.header.template !== HELLO_ACK_TEMPLATE) continue;
            const acknowledged = decodeHelloAck(blockOf(frame.body), 0);
            checkShard(address, acknowledged, shard);
            clearTimeout(timer);
            socket.removeAllListeners();
            resolve(new Connection(socket, reader, acknowledged));
            return;
          }
        } catch (error) {
          end(error as Error);
        }
      };
      socket.on("data", onData);
    });
  }

  private constructor(socket: Socket, reader: FrameReader, acknowledged: HelloAck) {
    this.acknowledged = acknowledged;
    this.#socket = socket;
    this.#reader = reader;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", (error) => this.close(error));
    socket.on("close", () => this.close(new Error("the engine closed the connection")));
    this.#timer = setInterval(() => this.#beat(), acknowledged.heartbeatMs);
  }

  /** Call it in the same turn as `open` returned: later, frames could be lost. */
  handle(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
    if (this.#closed) handlers.onClose(this.#closed);
    else this.#read(new Uint8Array(0)); // what came together with the HelloAck
  }

  /** Keeps the process alive, or not, as long as the connection is open. */
  setReferenced(referenced: boolean): void {
    if (referenced) {
      this.#socket.ref();
      this.#timer.ref();
    } else {
      this.#socket.unref();
      this.#timer.unref();
    }
  }

  /** Sends a sealed frame; the bytes must not change afterwards. */
  send(frame: Uint8Array): void {
    if (this.#closed) return;
    this.#sentAt = Date.now();
    this.#socket.write(frame);
  }

  /** Ends the connection in an orderly way: what was sent before is delivered. */
  goodbye(): void {
    if (this.#closed) return;
    this.send(emptyFrame(GOODBYE_TEMPLATE));
    this.#socket.end();
    this.close(new Error("closed"), { destroy: false });
  }

  close(reason: Error, { destroy = true } = {}): void {
    if (destroy) this.#socket.destroy();
    if (this.#closed) return;
    this.#closed = reason;
    clearInterval(this.#timer);
    this.#handlers?.onClose(reason);
  }

  #read(chunk: Uint8Array): void {
    this.#receivedAt = Date.now();
    try {
      for (const frame of this.#reader.push(chunk)) this.#handlers?.onFrame(frame);
    } catch (error) {
      this.close(error as Error);
    }
  }

  #beat(): void {
    const now = Date.now();
    const { heartbeatMs, deadMs } = this.acknowledged;
    if (now - this.#receivedAt > deadMs) this.close(new Error(`the engine was silent for ${deadMs} ms`));
    else if (now - this.#sentAt >= heartbeatMs / 2) this.send(emptyFrame(HEARTBEAT_TEMPLATE));
  }
}

/** The error that an ERROR frame carries. */
export class EngineError extends Error {
  readonly code: string;

  constructor(code: string, text: string) {
    super(text === "" ? code : `${code}: ${text}`);
    this.name = "EngineError";
    this.code = code;
  }
}

function checkShard(address: string, { shardIndex, shardCount }: HelloAck, shard: Shard | undefined): void {
  const count = Math.max(shardCount, 1);
  if (!shard || (shardIndex === shard.index && count === shard.count)) return;
  throw new EngineError(
    "WRONG_SHARD",
    `the engine at ${address} is shard ${shardIndex}/${count}, and ${shard.index}/${shard.count} is expected there: name all engines, in the order of their shards`,
  );
}

export function errorOf({ body }: Frame): EngineError {
  const { code, text } = decodeErrorReply(blockOf(body), 0);
  return new EngineError(ERROR_CODE_NAMES[code] ?? `ERROR_${code}`, text);
}

function parseAddress(address: string): { path: string } | { host: string; port: number } {
  if (address.startsWith("unix:")) return { path: address.slice(5) };
  const match = /^tcp:(?:\/\/)?(.+):(\d+)$/.exec(address);
  if (!match?.[1]) throw new RangeError(`an engine address is unix:/path or tcp:host:port, not ${address}`);
  return { host: match[1], port: Number(match[2]) };
}

function helloFrame(hello: Hello): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + HELLO_BYTES);
  encodeHello(blockOf(bytes), FRAME_HEADER_BYTES, hello);
  return sealFrame(bytes, {
    kind: FrameKind.CONTROL,
    template: HELLO_TEMPLATE,
    blockLen: HELLO_BYTES,
    recordCount: 1,
    firstSeq: 0n,
  });
}

function emptyFrame(template: number): Uint8Array {
  return sealFrame(new Uint8Array(FRAME_HEADER_BYTES + 8), {
    kind: FrameKind.CONTROL,
    template,
    blockLen: 8,
    recordCount: 1,
    firstSeq: 0n,
  });
}
