import type { RequestHooks, SubgraphFetch } from "../plugins/plugin.ts";
import { unsampledTraceparent, type TraceContext } from "./trace-context.ts";

/** Tells subgraphs that a request's trace is not sampled, under the id that it came with; makes no spans. */
export class UnsampledTrace implements RequestHooks {
  #traceparent: string | null;
  readonly #tracestate: string | null;

  constructor(parent: TraceContext | null) {
    this.#traceparent = parent?.traceparent ?? null;
    this.#tracestate = parent?.tracestate ?? null;
  }

  onSubgraphFetch({ headers }: SubgraphFetch): undefined {
    headers["traceparent"] = this.#traceparent ??= unsampledTraceparent();
    if (this.#tracestate !== null) headers["tracestate"] = this.#tracestate;
  }
}
