import { setTimeout as delay } from "node:timers/promises";
import { CodedError } from "@mib/service/coded-error";
import { TextRefused, type Urgency } from "./text-embedder.ts";
import type { EmbeddingModel } from "./open-collection.ts";

export interface EndpointOptions extends EmbeddingModel {
  /** Up to and without `/embeddings`. */
  url: string;
  apiKey?: string | undefined;
  /** Told of each text that the endpoint takes neither with others nor alone, though it takes others. */
  onRefused?(refused: { characters: number; status: number }): void;
  /** Before the first repetition where the endpoint does not say how long; twice as long before each further one. */
  pauseMs?: number;
}

interface Wanted {
  text: string;
  resolve(vector: number[]): void;
  reject(error: unknown): void;
}

const BATCH_TEXTS_MAX = 64;
const TIMEOUT_MS = 30_000;
const PAUSE_MS = 500;
/** Somebody waits for a query: they are told rather than kept. */
const ATTEMPTS = { query: { most: 2, waitMsMax: 1_000 }, document: { most: 5, waitMsMax: 30_000 } } as const;
/** What the endpoint answers to a text that it does not take, among them also to a wrong model. */
const TEXT_STATUSES: ReadonlySet<number> = new Set([400, 413, 422]);
/** Taken by every model: whoever refuses it refuses us. */
const PLAIN_TEXT = "news";

class Answered extends Error {
  readonly status: number;
  readonly retryAfterMs: number | null;

  constructor(response: Response) {
    super(`the endpoint answered ${response.status}`);
    this.status = response.status;
    this.retryAfterMs = retryAfterMs(response.headers.get("retry-after"));
  }
}

/**
 * Turns texts into unit vectors by an endpoint that speaks OpenAI's `POST /embeddings`. One that does not answer, or answers that it is too
 * much at the moment, is asked again a few times; then SERVICE_UNAVAILABLE. TextRefused for a text that it takes not even alone:
 * those beside it have their vectors.
 */
export class EmbeddingEndpoint {
  readonly #options: EndpointOptions;
  readonly #waiting: Record<Urgency, Wanted[]> = { query: [], document: [] };
  readonly #closing = new AbortController();

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  embed(text: string, urgency: Urgency): Promise<number[]> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting[urgency];
      waiting.push({ text: text.toWellFormed(), resolve, reject });
      // On the next turn, so that all texts of this one share a request.
      if (waiting.length === 1) setImmediate(() => this.#send(urgency));
    });
  }

  /** What is under way fails. */
  close(): void {
    this.#closing.abort();
  }

  #send(urgency: Urgency): void {
    const all = this.#waiting[urgency].splice(0);
    for (let from = 0; from < all.length; from += BATCH_TEXTS_MAX)
      void this.#serve(all.slice(from, from + BATCH_TEXTS_MAX), urgency);
  }

  async #serve(batch: readonly Wanted[], urgency: Urgency): Promise<void> {
    try {
      const answers = await this.#vectorsOf(
        batch.map(({ text }) => text),
        urgency,
      );
      // Where it takes none of them it may be the model or the dimension that it refuses.
      if (answers.every((answer) => answer instanceof Answered)) await this.#ask([PLAIN_TEXT], urgency);
      for (const [at, { text, resolve, reject }] of batch.entries()) {
        const answer = answers[at]!;
        if (!(answer instanceof Answered)) {
          resolve(answer);
          continue;
        }
        this.#options.onRefused?.({ characters: text.length, status: answer.status });
        reject(new TextRefused(answer));
      }
    } catch (cause) {
      const error = new CodedError("SERVICE_UNAVAILABLE", "Texts can't be embedded at the moment.", {}, { cause });
      for (const { reject } of batch) reject(error);
    }
  }

  /** For each text its vector, or how it was refused: what is refused together is asked in halves. */
  async #vectorsOf(input: readonly string[], urgency: Urgency): Promise<(number[] | Answered)[]> {
    try {
      return await this.#ask(input, urgency);
    } catch (error) {
      if (!(error instanceof Answered && TEXT_STATUSES.has(error.status))) throw error;
      if (input.length === 1) return [error];
      const middle = Math.ceil(input.length / 2);
      const first = await this.#vectorsOf(input.slice(0, middle), urgency);
      return [...first, ...(await this.#vectorsOf(input.slice(middle), urgency))];
    }
  }

  async #ask(input: readonly string[], urgency: Urgency): Promise<number[][]> {
    const { most, waitMsMax } = ATTEMPTS[urgency];
    let pauseMs = this.#options.pauseMs ?? PAUSE_MS;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#askOnce(input);
      } catch (error) {
        const status = error instanceof Answered ? error.status : null;
        const isOver = status !== null && status < 500 && status !== 429;
        if (isOver || attempt === most || this.#closing.signal.aborted) throw error;
        const askedMs = error instanceof Answered ? error.retryAfterMs : null;
        if (askedMs !== null && askedMs > waitMsMax) throw error;
        await delay(askedMs ?? Math.min(pauseMs, waitMsMax), undefined, { signal: this.#closing.signal });
        pauseMs *= 2;
      }
    }
  }

  async #askOnce(input: readonly string[]): Promise<number[][]> {
    const { url, apiKey, name, dimension } = this.#options;
    const response = await fetch(`${url.replace(/\/$/u, "")}/embeddings`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(apiKey && { authorization: `Bearer ${apiKey}` }) },
      body: JSON.stringify({ model: name, input }),
      signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (!response.ok) {
      // Unread it would hold the connection.
      await response.body?.cancel();
      throw new Answered(response);
    }
    const { data } = (await response.json()) as { data: { index: number; embedding: number[] }[] };
    const vectors = data.toSorted((left, right) => left.index - right.index).map(({ embedding }) => unit(embedding));
    if (vectors.length !== input.length || vectors.some(({ length }) => length !== dimension))
      throw new Error(`the endpoint gave no vector of ${dimension} dimensions for each text`);
    return vectors;
  }
}

/** Of the header, which gives seconds or a date; null where it says nothing. */
function retryAfterMs(header: string | null): number | null {
  if (header === null) return null;
  const ms = /^\d+$/u.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}

function unit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
