import { Pool, type Dispatcher } from "undici";
import {
  REQUEST_HEADERS,
  type AnswerHandler,
  type SentRequest,
  type Transport,
  type TransportOptions,
} from "./transport.ts";

/** Posts over undici's pool of connections: HTTP and HTTPS. */
export class UndiciTransport implements Transport {
  readonly #pool: Pool;
  readonly #path: string;

  constructor({ url, connectionsMax, connectTimeoutMs }: TransportOptions) {
    this.#path = url.pathname + url.search;
    this.#pool = new Pool(url.origin, {
      connections: connectionsMax,
      pipelining: 1,
      connect: { timeout: connectTimeoutMs },
      headersTimeout: 0, // one timer for the whole exchange is the caller's
      bodyTimeout: 0,
    });
  }

  post(
    body: string,
    headers: Readonly<Record<string, string>>,
    _repeatable: boolean,
    handler: AnswerHandler,
  ): SentRequest {
    const dispatched = new Dispatched(handler);
    const options = { method: "POST", path: this.#path, headers: { ...headers, ...REQUEST_HEADERS }, body } as const;
    try {
      this.#pool.dispatch(options, dispatched);
    } catch (error) {
      dispatched.onResponseError(null, error);
    }
    return dispatched;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

class Dispatched implements Dispatcher.DispatchHandler, SentRequest {
  #handler: AnswerHandler | null;
  #controller: Dispatcher.DispatchController | null = null;

  constructor(handler: AnswerHandler) {
    this.#handler = handler;
  }

  abort(): void {
    this.#handler = null;
    this.#controller?.abort(new Error("the request was given up"));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#handler === null) this.abort();
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    const length = headers["content-length"];
    this.#handler?.onHead({
      status,
      contentLength: length === undefined ? null : Number(length),
      contentEncoding: headers["content-encoding"]?.toString(),
      retryAfter: headers["retry-after"]?.toString(),
    });
  }

  onResponseData(_: Dispatcher.DispatchController, bytes: Buffer): void {
    this.#handler?.onData(bytes);
  }

  onResponseEnd(): void {
    this.#handler?.onEnd(null);
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: unknown): void {
    this.#handler?.onError(error);
  }
}
