import type { Socket } from "node:net";

/** What a client that speaks HTTP/2 begins with: no HTTP/1.1 that anybody would serve. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export interface PriorKnowledgeOptions {
  /** Who gets a connection, with what was read of it, when it begins with HTTP/2 and when it begins with anything else. */
  http2: (socket: Socket) => void;
  http1: (socket: Socket) => void;
  /** For so long a connection may say nothing. */
  firstRequestMsMax: number;
}

/** Connections in clear that have not said yet what they speak. */
export class PriorKnowledge {
  readonly #options: PriorKnowledgeOptions;
  readonly #silent = new Set<Socket>();

  constructor(options: PriorKnowledgeOptions) {
    this.#options = options;
  }

  /** Gives the connection on as soon as it is known what it speaks. */
  take(socket: Socket): void {
    const { http1, http2, firstRequestMsMax } = this.#options;
    let read: Buffer = Buffer.alloc(0);
    const forget = () => {
      clearTimeout(timer);
      this.#silent.delete(socket);
      socket.off("data", onData);
      socket.off("end", onEnd);
      socket.off("error", onError);
      socket.off("close", forget);
    };
    const onData = (chunk: Buffer) => {
      read = read.length === 0 ? chunk : Buffer.concat([read, chunk]);
      const length = Math.min(read.length, PREFACE.length);
      const isHttp2 = read.subarray(0, length).equals(PREFACE.subarray(0, length));
      if (isHttp2 && length < PREFACE.length) return;
      forget();
      socket.pause();
      socket.unshift(read);
      if (isHttp2) return http2(socket);
      http1(socket);
      socket.resume();
    };
    const onEnd = () => socket.destroy();
    const onError = () => {}; // "close" follows
    const timer = setTimeout(() => socket.destroy(), firstRequestMsMax);
    this.#silent.add(socket);
    socket.on("data", onData);
    socket.on("end", onEnd);
    socket.on("error", onError);
    socket.on("close", forget);
  }

  /** Ends connections that have said nothing. */
  destroy(): void {
    for (const socket of this.#silent) socket.destroy();
  }
}
