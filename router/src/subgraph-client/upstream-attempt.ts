import { REFUSED, type Outcome } from "./circuit-breaker.ts";
import { noteEnd, type ExchangeContext } from "./exchange.ts";
import { SubgraphFailure } from "./subgraph-failure.ts";
import type { UpstreamEvent, UpstreamLoss, UpstreamRequest, UpstreamSink, UpstreamTransport } from "./upstream-sink.ts";
import type { SubgraphError } from "./read-answer.ts";

/**
 * One attempt to subscribe at a subgraph, as its circuit allows: whether the connection came to stand is what the circuit
 * learns. Tells its sink one end, and nothing when it was left.
 */
export class UpstreamAttempt implements UpstreamSink {
  readonly #sink: UpstreamSink;
  readonly #context: ExchangeContext;
  #ticket = REFUSED;
  #isOver = false;
  #leave: (() => void) | null = null;

  constructor(sink: UpstreamSink, context: ExchangeContext) {
    this.#sink = sink;
    this.#context = context;
    context.underWay += 1;
  }

  start(transport: UpstreamTransport, request: UpstreamRequest): void {
    const { breaker } = this.#context;
    if (breaker !== null) {
      this.#ticket = breaker.admit(performance.now());
      if (this.#ticket === REFUSED) return this.lost(CIRCUIT_OPEN);
    }
    this.#leave = transport.subscribe(request, this);
  }

  leave(): void {
    if (this.#isOver) return;
    this.#end("unknown");
    this.#leave?.();
  }

  opened(): void {
    if (this.#isOver) return;
    this.#tell("success");
    this.#sink.opened();
  }

  next(event: UpstreamEvent): void {
    if (!this.#isOver) this.#sink.next(event);
  }

  complete(): void {
    if (this.#end("success")) this.#sink.complete();
  }

  failed(errors: readonly SubgraphError[]): void {
    if (this.#end("success")) this.#sink.failed(errors);
  }

  lost(loss: UpstreamLoss): void {
    if (this.#end(loss.isFinal ? "success" : "failure")) this.#sink.lost(loss);
  }

  #end(outcome: Outcome): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#tell(outcome);
    noteEnd(this.#context);
    return true;
  }

  #tell(outcome: Outcome): void {
    if (this.#ticket === REFUSED) return;
    this.#context.breaker?.settle(this.#ticket, outcome, performance.now());
    this.#ticket = REFUSED;
  }
}

const CIRCUIT_OPEN: UpstreamLoss = {
  failure: new SubgraphFailure("SUBGRAPH_CIRCUIT_OPEN", "The subgraph failed too often and is not asked for a while"),
  isFinal: false,
  retryAfterMs: 0,
};
