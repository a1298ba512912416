import { CodedError } from "@mib/service/coded-error";
import type { EmbeddingModel } from "./open-collection.ts";

export interface EndpointOptions extends EmbeddingModel {
  /** Up to and without `/embeddings`. */
  url: string;
  apiKey?: string | undefined;
}

const BATCH_TEXTS_MAX = 64;
const TIMEOUT_MS = 30_000;

interface Wanted {
  text: string;
  resolve(vector: number[]): void;
  reject(error: unknown): void;
}

/** Turns texts into unit vectors by an endpoint that speaks OpenAI's `POST /embeddings`. SERVICE_UNAVAILABLE when it gives none. */
export class EmbeddingEndpoint {
  readonly #options: EndpointOptions;
  #waiting: Wanted[] = [];

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  embed(text: string): Promise<number[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject });
      // On the next turn, so that all texts of this one share a request.
      if (this.#waiting.length === 1) setImmediate(() => this.#send());
    });
  }

  #send(): void {
    const all = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < all.length; from += BATCH_TEXTS_MAX) {
      const batch = all.slice(from, from + BATCH_TEXTS_MAX);
      this.#ask(batch.map(({ text }) => text)).then(
        (vectors) => batch.forEach(({ resolve }, at) => resolve(vectors[at]!)),
        (error: unknown) => batch.forEach(({ reject }) => reject(error)),
      );
    }
  }

  async #ask(input: string[]): Promise<number[][]> {
    const { url, apiKey, name, dimension } = this.#options;
    try {
      const response = await fetch(`${url.replace(/\/$/u, "")}/embeddings`, {
        method: "POST",
        headers: { "content-type": "application/json", ...(apiKey && { authorization: `Bearer ${apiKey}` }) },
        body: JSON.stringify({ model: name, input }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(`the endpoint answered ${response.status}`);
      const { data } = (await response.json()) as { data: { index: number; embedding: number[] }[] };
      const vectors = data.toSorted((left, right) => left.index - right.index).map(({ embedding }) => unit(embedding));
      if (vectors.length !== input.length || vectors.some(({ length }) => length !== dimension))
        throw new Error(`the endpoint gave no vector of ${dimension} dimensions for each text`);
      return vectors;
    } catch (cause) {
      throw new CodedError("SERVICE_UNAVAILABLE", "Texts can't be embedded at the moment.", {}, { cause });
    }
  }
}

function unit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
