import { setTimeout as wait } from "node:timers/promises";
import { CodedError } from "@mib/service/coded-error";
import { ERROR_CATALOGUE, type ErrorCode } from "@mib/service/error-catalogue";

const TIMEOUT_MS = 30_000;
const ATTEMPTS_MAX = 6;
/** For what is missing of an answer that would do without it: a caller waits for that some seconds, no longer. */
const ATTEMPTS_FOR_THE_REST_MAX = 3;
const PAUSE_MS = 1_000;

/** What may be otherwise in a moment: a restart, a limit, trades that are about to be written down. */
const PASSING: readonly ErrorCode[] = [
  "TRADES_NOT_WRITTEN_YET",
  "RATE_LIMITED",
  "SERVICE_UNAVAILABLE",
  "ENGINE_UNAVAILABLE",
  "TIMEOUT",
  "SUBGRAPH_UNREACHABLE",
  "SUBGRAPH_TIMEOUT",
  "SUBGRAPH_CIRCUIT_OPEN",
];

export interface ApiOptions {
  graphqlUrl: string;
  /** The caller's own credential, which goes with every request: what it may not read is not exported either. */
  credential: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

/** The public API, asked for a caller. */
export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** Answers without errors; fails with the code of the first error. What may pass is asked again some times. */
  async ask<Data>(query: string, variables: Record<string, unknown>): Promise<Data> {
    return (await this.askPartly<Data>(query, variables, () => false)).data;
  }

  /**
   * The same of what may lack parts: an answer with errors counts where its data is enough, and the errors say what is missing. Parts
   * that may be there in a moment are asked for again, too.
   */
  async askPartly<Data>(
    query: string,
    variables: Record<string, unknown>,
    isEnough: (data: Data) => boolean,
  ): Promise<{ data: Data; missing: CodedError[] }> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { data, errors = [] } = await this.#askOnce<Data>(query, variables);
        const missing = errors.map(codedOf);
        if (missing.length > 0 && !(data != null && isEnough(data))) throw missing[0]!;
        if (attempt >= ATTEMPTS_FOR_THE_REST_MAX || !missing.some(isPassing)) return { data: data as Data, missing };
      } catch (error) {
        if (!isPassing(error) || attempt >= ATTEMPTS_MAX) throw error;
      }
      await wait(PAUSE_MS, undefined, { signal: this.#options.signal });
    }
  }

  async #askOnce<Data>(query: string, variables: Record<string, unknown>): Promise<Answer<Data>> {
    const { graphqlUrl, credential, signal } = this.#options;
    return this.#reached(
      fetch(graphqlUrl, {
        method: "POST",
        headers: { ...credential, "content-type": "application/json", accept: "application/graphql-response+json" },
        body: JSON.stringify({ query, variables }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      }).then(async (answer) => (await answer.json()) as Answer<Data>),
    );
  }

  async #reached<Value>(answer: Promise<Value>): Promise<Value> {
    try {
      return await answer;
    } catch (error) {
      if (this.#options.signal.aborted) throw error;
      throw new CodedError("SERVICE_UNAVAILABLE", undefined, {}, { cause: error });
    }
  }
}

const isPassing = (error: unknown): boolean => error instanceof CodedError && PASSING.includes(error.code);

interface Answer<Data> {
  data?: Data;
  errors?: { message: string; extensions?: Record<string, unknown> }[];
}

function codedOf({ message, extensions = {} }: NonNullable<Answer<unknown>["errors"]>[number]): CodedError {
  const { code, ...details } = extensions;
  const known = typeof code === "string" && code in ERROR_CATALOGUE;
  return new CodedError(known ? (code as ErrorCode) : "SUBGRAPH_ERROR", message, details);
}
