import type { ResponseError } from "../execute/execution.ts";
import type { HeadersFor } from "../authentication/identity-headers.ts";
import type { PreparedOperation } from "../operation/federation.ts";

/** An answer, and the errors in it. */
export interface ExecutedAnswer {
  body: string;
  errors: readonly ResponseError[];
}

/** Queries under way, so that an identical one gets the answer that is being made. What is answered is forgotten. */
export class SharedExecutions {
  readonly #running = new Map<string, Promise<ExecutedAnswer>>();

  /** The answer that is being made. */
  underWay(key: string): Promise<ExecutedAnswer> | undefined {
    return this.#running.get(key);
  }

  async run(key: string, execute: () => Promise<ExecutedAnswer>): Promise<ExecutedAnswer> {
    const answer = execute();
    this.#running.set(key, answer);
    try {
      return await answer;
    } finally {
      this.#running.delete(key);
    }
  }
}

/** All that an answer depends on: the operation, its variables, and what each subgraph is sent, identity included. */
export function sharingKey(
  { generation, overrides, normalized, subgraphs }: PreparedOperation,
  headersFor: HeadersFor,
  variables: Record<string, unknown>,
): string {
  const sent = [...subgraphs].map((subgraph) => headersFor(subgraph));
  return JSON.stringify([generation, overrides, normalized, variables, sent]);
}
