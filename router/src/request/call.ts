import type { HeadersFor } from "../authentication/identity-headers.ts";
import type { ExecutionTrace } from "../execute/execution-trace.ts";
import type { SharedFetches } from "../execute/shared-fetches.ts";
import type { ResponseError } from "../execute/execution.ts";
import type { CallContext } from "../operation/federation.ts";
import type { HookChain } from "../plugins/hook-chain.ts";
import type { RouterMetrics } from "../telemetry/router-metrics.ts";

interface CallFacts {
  operationName: string | null;
  signal: AbortSignal;
  hooks: HookChain | null;
  trace: ExecutionTrace | null;
  shared: SharedFetches | null;
  metrics: RouterMetrics;
}

/** One execution's way to the subgraphs, with those who hear of it. */
export class Call implements CallContext {
  readonly headersFor: HeadersFor;
  readonly signal: AbortSignal;
  readonly hooks: HookChain | null;
  readonly trace: ExecutionTrace | null;
  readonly shared: SharedFetches | null;
  /** What was reported. */
  errors: readonly ResponseError[] = [];
  readonly #facts: CallFacts;

  constructor(headersFor: HeadersFor, facts: CallFacts) {
    this.headersFor = headersFor;
    this.signal = facts.signal;
    this.hooks = facts.hooks;
    this.trace = facts.trace;
    this.shared = facts.shared;
    this.#facts = facts;
  }

  /** The same, but given up when the signal says so, too. */
  until(gone: AbortSignal): Call {
    return new Call(this.headersFor, { ...this.#facts, signal: AbortSignal.any([this.signal, gone]) });
  }

  reportErrors(errors: readonly ResponseError[]): void {
    this.errors = errors;
    this.#facts.metrics.errors(this.#facts.operationName, errors);
    this.hooks?.reportErrors(errors);
  }
}
