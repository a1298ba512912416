import { REFUSED, type CircuitBreaker, type Outcome } from "./circuit-breaker.ts";
import type { RetryBudget } from "./retry-budget.ts";
import { isRetryableStatus, retryAfterMs, retryDelayMs, type RetryPolicy } from "./retry-delay.ts";
import { SubgraphFailure } from "./subgraph-failure.ts";
import type { ListNode } from "./linked-list.ts";
import type { Limited, TimeLimit } from "./time-limit.ts";
import type { AnswerHandler, AnswerHead, SentRequest, Transport } from "./transport.ts";

export interface SubgraphAnswer {
  status: number;
  body: string;
  /** The body's length as it was sent. */
  bytes: number;
}

/** Something under way that can be given up. */
export interface Cancellable {
  cancel(failure: SubgraphFailure): void;
}

/** What all exchanges with one subgraph have in common. */
export interface ExchangeContext {
  /** Posts over connections that are opened when they are first needed. */
  transport: () => Transport;
  timeoutMs: number;
  timeLimit: TimeLimit;
  responseBytesMax: number;
  breaker: CircuitBreaker | null;
  retries: { policy: RetryPolicy; budget: RetryBudget } | null;
  counts: ExchangeCounts;
  /** Exchanges and subscriptions that have not ended. */
  underWay: number;
  /** Told when the last one has. */
  onIdle: (() => void) | null;
}

/** What the exchanges with one subgraph came to so far. */
export interface ExchangeCounts {
  requests: number;
  failures: number;
  retries: number;
  /** Retries that the budget did not allow. */
  retriesRefused: number;
  /** Requests that the open circuit refused. */
  circuitRefused: number;
  /** Second requests beside slow ones, those of them whose answer counted, and those that the budget did not allow. */
  hedges: number;
  hedgesWon: number;
  hedgesRefused: number;
}

/** One request and its answer, with the retries that it takes; settles exactly once and within its time limit. */
export class Exchange implements AnswerHandler, Cancellable, Limited {
  readonly #context: ExchangeContext;
  readonly #body: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #repeatable: boolean;
  readonly #isHedge: boolean;
  readonly #underWay: Set<Cancellable>;
  readonly #resolve: (answer: SubgraphAnswer) => void;
  readonly #reject: (failure: SubgraphFailure) => void;
  readonly deadlineAt: number;
  readonly #running: ListNode<Limited>;
  #sent: SentRequest | null = null;
  #settled = false;
  #ticket = REFUSED;
  #retries = 0;
  #retryTimer: NodeJS.Timeout | null = null;
  #retryAfterMs = 0;
  #status = 0;
  #chunks: Buffer[] | null = null;
  #bytes = 0;

  /** `repeatable`: the request changes nothing and may be sent again. `isHedge`: it is not counted, nor made once more. */
  constructor(
    context: ExchangeContext,
    request: { body: string; headers: Readonly<Record<string, string>>; repeatable: boolean; isHedge?: boolean },
    underWay: Set<Cancellable>,
    resolve: (answer: SubgraphAnswer) => void,
    reject: (failure: SubgraphFailure) => void,
  ) {
    this.#context = context;
    this.#body = request.body;
    this.#headers = request.headers;
    this.#repeatable = request.repeatable;
    this.#isHedge = request.isHedge ?? false;
    this.#underWay = underWay;
    this.#resolve = resolve;
    this.#reject = reject;
    this.deadlineAt = performance.now() + context.timeoutMs;
    this.#running = context.timeLimit.begin(this);
    underWay.add(this);
    context.underWay += 1;
  }

  start(): void {
    const { breaker, counts, retries } = this.#context;
    if (!this.#isHedge) {
      counts.requests += 1;
      retries?.budget.requested(performance.now());
    }
    if (breaker !== null && !this.#admit(breaker)) return this.#fail(circuitOpen());
    this.#dispatch();
  }

  cancel(failure: SubgraphFailure): void {
    if (this.#settled) return;
    this.#tell(failure.code === "SUBGRAPH_TIMEOUT" ? "failure" : failure.code === "TIMEOUT" ? "unknown" : "success");
    this.#fail(failure);
    this.#sent?.abort();
  }

  /** Ends it without an outcome: another exchange has brought the answer. */
  abandon(): void {
    if (this.#settled) return;
    this.#tell("unknown");
    this.#finish();
    this.#sent?.abort();
  }

  overdue(): void {
    this.cancel(new SubgraphFailure("SUBGRAPH_TIMEOUT", "The subgraph did not answer in time"));
  }

  onHead({ status, contentLength, contentEncoding, retryAfter }: AnswerHead): void {
    this.#status = status;
    if (status >= 300 && status < 400) this.cancel(badResponse("The subgraph answered with a redirect"));
    else if (contentEncoding !== undefined && contentEncoding !== "identity") {
      this.cancel(badResponse("The subgraph answered in an encoding that was not asked for"));
    } else if (contentLength !== null && contentLength > this.#context.responseBytesMax) this.cancel(tooLarge());
    else if (isRetryableStatus(status)) this.#retryAfterMs = retryAfterMs(retryAfter, Date.now());
  }

  onData(bytes: Buffer): void {
    if (this.#settled) return;
    this.#bytes += bytes.length;
    if (this.#bytes > this.#context.responseBytesMax) this.cancel(tooLarge());
    else (this.#chunks ??= []).push(bytes);
  }

  onEnd(rest: Buffer | null): void {
    if (this.#settled) return;
    if (this.#bytes + (rest?.length ?? 0) > this.#context.responseBytesMax) return this.cancel(tooLarge());
    this.#sent = null;
    this.#tell(this.#status >= 500 ? "failure" : "success");
    if (isRetryableStatus(this.#status) && this.#retry()) return;
    const chunks = this.#chunks;
    if (chunks !== null && rest !== null) chunks.push(rest);
    const body = chunks === null ? rest : chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    this.#finish();
    this.#resolve({ status: this.#status, body: body?.toString("utf8") ?? "", bytes: body?.length ?? 0 });
  }

  onError(error: unknown): void {
    if (this.#settled) return;
    this.#sent = null;
    this.#tell("failure");
    if (this.#retry()) return;
    this.#fail(
      this.#status === 0
        ? new SubgraphFailure("SUBGRAPH_UNREACHABLE", "The subgraph cannot be reached", { cause: error })
        : badResponse("The subgraph's answer broke off", error),
    );
  }

  /** Called when the time to wait before a retry is over. */
  again(): void {
    this.#retryTimer = null;
    const { breaker } = this.#context;
    if (breaker !== null && !this.#admit(breaker)) return this.#fail(circuitOpen());
    this.#status = 0;
    this.#chunks = null;
    this.#bytes = 0;
    this.#retryAfterMs = 0;
    this.#dispatch();
  }

  #dispatch(): void {
    const sent = this.#context.transport().post(this.#body, this.#headers, this.#repeatable, this);
    // It may be over by now.
    if (!this.#settled && this.#retryTimer === null) this.#sent = sent;
  }

  /** Plans a retry, if there may be one and it can begin before the deadline. */
  #retry(): boolean {
    const { retries, counts } = this.#context;
    if (!this.#repeatable || this.#isHedge || retries === null || this.#retries >= retries.policy.retriesMax)
      return false;
    const delayMs = retryDelayMs(retries.policy, this.#retries + 1, this.#retryAfterMs, Math.random());
    const now = performance.now();
    if (now + delayMs >= this.deadlineAt) return false;
    if (!retries.budget.take(now)) {
      counts.retriesRefused += 1;
      return false;
    }
    counts.retries += 1;
    this.#retries += 1;
    this.#retryTimer = setTimeout(tryAgain, delayMs, this);
    return true;
  }

  #admit(breaker: CircuitBreaker): boolean {
    this.#ticket = breaker.admit(performance.now());
    if (this.#ticket !== REFUSED) return true;
    this.#context.counts.circuitRefused += 1;
    return false;
  }

  /** Tells the breaker how the attempt went, once per attempt. */
  #tell(outcome: Outcome): void {
    if (this.#ticket === REFUSED) return;
    this.#context.breaker?.settle(this.#ticket, outcome, performance.now());
    this.#ticket = REFUSED;
  }

  #fail(failure: SubgraphFailure): void {
    if (!this.#isHedge) this.#context.counts.failures += 1;
    this.#finish();
    this.#reject(failure);
  }

  #finish(): void {
    this.#settled = true;
    this.#context.timeLimit.end(this.#running);
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#underWay.delete(this);
    noteEnd(this.#context);
  }
}

/** One of those under way has ended. */
export function noteEnd(context: Pick<ExchangeContext, "underWay" | "onIdle">): void {
  context.underWay -= 1;
  if (context.onIdle !== null && context.underWay === 0) context.onIdle();
}

// Shared by all exchanges: a timer of each would need a function of its own otherwise.
function tryAgain(exchange: Exchange): void {
  exchange.again();
}

function circuitOpen(): SubgraphFailure {
  return new SubgraphFailure("SUBGRAPH_CIRCUIT_OPEN", "The subgraph failed too often and is not asked for a while");
}

function tooLarge(): SubgraphFailure {
  return badResponse("The subgraph's answer is larger than the limit");
}

function badResponse(message: string, cause?: unknown): SubgraphFailure {
  return new SubgraphFailure("SUBGRAPH_BAD_RESPONSE", message, { cause });
}
