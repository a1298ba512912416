import { constants, type ServerHttp2Stream } from "node:http2";
import { CodedError } from "@mib/service/coded-error";
import { refuse } from "../error-body.ts";
import { Http2Response } from "./http2-response.ts";

/** How slow a client may be. */
export interface ExchangeLimits {
  /** For a request to be there as a whole. */
  requestMsMax: number;
  /** Without taking anything of its answer; each piece of it has the time besides that SLOWEST_BYTES_PER_MS gives it. */
  stalledMsMax: number;
}

/** A piece is taken as a whole as far as Node tells, and may be large: a client may take it at this rate. */
const SLOWEST_BYTES_PER_MS = 16;

/** One request and its response, as long as their stream is open. */
export class Http2Exchange {
  readonly receivedAt = performance.now();
  readonly response: Http2Response;
  readonly #stream: ServerHttp2Stream;
  /** What the client had not taken when it was looked at, and since when it is as much. */
  #waitingBytes = 0;
  #waitingSince = 0;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    this.response = new Http2Response(stream);
  }

  /** Ends it where its client is too slow. */
  endIfSlow(now: number, { requestMsMax, stalledMsMax }: ExchangeLimits): void {
    const stream = this.#stream;
    const isWhole = stream.endAfterHeaders || stream.readableEnded;
    if (!isWhole && !stream.headersSent && now - this.receivedAt > requestMsMax) {
      refuse(this.response, new CodedError("REQUEST_TIMEOUT"));
      stream.close(constants.NGHTTP2_NO_ERROR); // when it has the answer
      return;
    }
    const waiting = stream.writableLength;
    if (waiting === 0 || waiting !== this.#waitingBytes) {
      this.#waitingBytes = waiting;
      this.#waitingSince = now;
    } else if (now - this.#waitingSince > stalledMsMax + waiting / SLOWEST_BYTES_PER_MS) this.response.destroy();
  }
}
