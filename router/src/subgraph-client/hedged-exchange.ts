import { Exchange, type Cancellable, type ExchangeContext, type SubgraphAnswer } from "./exchange.ts";
import type { HedgeDelay } from "./hedge-delay.ts";
import type { RetryBudget } from "./retry-budget.ts";
import type { SubgraphFailure } from "./subgraph-failure.ts";

/** When a request that has no answer yet is made a second time. */
export interface Hedging {
  delay: HedgeDelay;
  budget: RetryBudget;
}

/**
 * A request that changes nothing, and when it is slow a second one beside it: the first good answer counts, and the other is given
 * up. Without a good one, what came of the first request counts; its time limit is that of both.
 */
export class HedgedExchange {
  readonly #context: ExchangeContext;
  readonly #hedging: Hedging;
  readonly #request: { body: string; headers: Readonly<Record<string, string>> };
  readonly #underWay: Set<Cancellable>;
  readonly #resolve: (answer: SubgraphAnswer) => void;
  readonly #reject: (failure: SubgraphFailure) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  readonly #first: Exchange;
  #second: Exchange | null = null;
  #running = 1;
  /** Hands on what came of the first request, which was nothing good. */
  #settleByFirst: (() => void) | null = null;

  constructor(
    context: ExchangeContext,
    hedging: Hedging,
    request: { body: string; headers: Readonly<Record<string, string>> },
    underWay: Set<Cancellable>,
    resolve: (answer: SubgraphAnswer) => void,
    reject: (failure: SubgraphFailure) => void,
  ) {
    this.#context = context;
    this.#hedging = hedging;
    this.#request = request;
    this.#underWay = underWay;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(hedge, hedging.delay.ms, this);
    this.#first = this.#exchange(false);
  }

  start(): void {
    this.#hedging.budget.requested(performance.now());
    this.#first.start();
  }

  /** Called when the first request is slow. */
  hedge(): void {
    const { counts } = this.#context;
    if (!this.#hedging.budget.take(performance.now())) {
      counts.hedgesRefused += 1;
      return;
    }
    counts.hedges += 1;
    this.#running += 1;
    this.#second = this.#exchange(true);
    this.#second.start();
  }

  #exchange(isHedge: boolean): Exchange {
    return new Exchange(
      this.#context,
      { ...this.#request, repeatable: true, isHedge },
      this.#underWay,
      (answer) => this.#ended(isHedge, answer.status < 500 && answer.status !== 429, () => this.#resolve(answer)),
      (failure) => {
        const isOver = !isHedge && (failure.code === "SUBGRAPH_TIMEOUT" || failure.code === "TIMEOUT");
        this.#ended(isHedge, isOver, () => this.#reject(failure));
      },
    );
  }

  #ended(isHedge: boolean, isFinal: boolean, settle: () => void): void {
    clearTimeout(this.#timer);
    this.#running -= 1;
    if (isFinal) {
      // The first request of a hedge that won would have taken longer still, which is all that a percentile asks.
      this.#hedging.delay.observe(performance.now() - this.#startedAt);
      if (isHedge) this.#context.counts.hedgesWon += 1;
      (isHedge ? this.#first : this.#second)?.abandon();
      return settle();
    }
    if (!isHedge) this.#settleByFirst = settle;
    if (this.#running === 0) (this.#settleByFirst ?? settle)();
  }
}

function hedge(exchange: HedgedExchange): void {
  exchange.hedge();
}
