import type { DescribedPlan } from "../plan/print-plan.ts";

/** What one request of a plan came to. */
export interface RequestRun {
  /** From the beginning of the execution to the request, and from there to its whole answer. */
  startMs: number;
  ms: number;
  /** Of the answer's body; null where there was none. */
  bytes: number | null;
  /** Representations sent; null for fields of a root type. */
  entities: number | null;
}

/** Remembers what the requests of one execution came to: only where somebody asked for it. */
export class ExecutionTrace {
  readonly #beganAt = performance.now();
  readonly #runs = new Map<number, RequestRun>();

  /** `id`: of the request in its plan. */
  ended(id: number, startedAt: number, body: string | null, entities: number | null): void {
    this.#runs.set(id, {
      startMs: rounded(startedAt - this.#beganAt),
      ms: rounded(performance.now() - startedAt),
      bytes: body === null ? null : Buffer.byteLength(body),
      entities,
    });
  }

  /** The plan, and in each request its `run`; null for one that was not made. */
  describe({ requests, ...rest }: DescribedPlan): unknown {
    return { ...rest, requests: requests.map((each) => ({ ...each, run: this.#runs.get(each.id - 1) ?? null })) };
  }
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;
