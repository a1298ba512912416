import { setTimeout as delay } from "node:timers/promises";
import { VenueMessageError } from "./message-fields.ts";

/** The venue answered with a status that is no success; `body` is what it said, clipped. */
export class VenueRestError extends Error {
  readonly status: number;
  readonly body: string;

  constructor(url: string, status: number, body: string) {
    super(`${url} answered ${status}: ${body.slice(0, 200)}`);
    this.status = status;
    this.body = body;
  }
}

const ANSWER_MS_MAX = 15_000;
const ANSWER_BYTES_MAX = 64 * 1_024 * 1_024;
const RETRY_AFTER_MS_MAX = 600_000;

/** A venue's REST endpoint: one request at a time, at the venue's pace, each with a time limit and a limit of size. */
export class VenueRest {
  readonly #signal: AbortSignal;
  readonly #paceMs: number;
  #last: Promise<unknown> = Promise.resolve();
  #notBefore = 0;

  constructor({ signal, paceMs }: { signal: AbortSignal; paceMs: number }) {
    this.#signal = signal;
    this.#paceMs = paceMs;
  }

  /** The text of the answer. Fails with VenueRestError, or with whatever kept the venue from being reached. */
  text(url: string): Promise<string> {
    const answer = this.#last.then(() => this.#ask(url));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async json(url: string): Promise<unknown> {
    const text = await this.text(url);
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new VenueMessageError(`${url} answered with what is not JSON`, { cause: error });
    }
  }

  async #ask(url: string): Promise<string> {
    const waitMs = this.#notBefore - performance.now();
    if (waitMs > 0) await delay(waitMs, undefined, { signal: this.#signal });
    this.#notBefore = performance.now() + this.#paceMs;
    const response = await fetch(url, {
      headers: { accept: "application/json", "user-agent": "market-intel-brain" },
      signal: AbortSignal.any([this.#signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
    });
    const body = await boundedText(response);
    if (response.ok) return body;
    // 429, and 418 of a venue that was asked on after a 429: it says for how long not to ask again.
    const retryAfterMs = Number(response.headers.get("retry-after") ?? Number.NaN) * 1_000;
    if (retryAfterMs > 0) this.#notBefore = performance.now() + Math.min(retryAfterMs, RETRY_AFTER_MS_MAX);
    throw new VenueRestError(url, response.status, body);
  }
}

async function boundedText(response: Response): Promise<string> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new VenueMessageError(`an answer of more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
