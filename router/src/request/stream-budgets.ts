import { CodedError } from "@mib/service/coded-error";
import type { SharedCounters } from "./rate-limiter.ts";

export interface StreamBudgetPolicy {
  /** What the subscriptions of one caller may cost in a second: the sum of cost × events over all of them. */
  unitsPerSecond: number;
  /** Over so long it is measured. */
  windowSeconds: number;
}

/** A running subscription, as its budget sees it. */
export interface Spender {
  /** Events that it was given so far. */
  readonly delivered: number;
  fail(error: CodedError): void;
}

interface Spending {
  cost: number;
  /** `delivered` when it was last looked at. */
  seen: number;
  /** Units in this window. */
  spent: number;
  /** Units per second: of the last whole window, or expected where there was none yet. */
  rate: number;
}

interface Account {
  window: number;
  spendings: Map<Spender, Spending>;
  /** Units that this process spent in the window, and those of them that the counters do not know of. */
  spent: number;
  unreported: number;
  /** Units that all processes spent in the window, as far as this one was told. */
  known: number;
  /** What other processes spent in the last window, in units per second. */
  othersRate: number;
  isOver: boolean;
}

/** A process tells the counters when it has spent this part of a window's units, so that small spenders ask nobody. */
const REPORT_PARTS = 20;

/**
 * What callers spend on subscriptions: each event costs as much as the operation that it is executed for. With shared counters the
 * budget is one for all processes; while they are away each process measures alone. A subscription that would go past the
 * budget at the rate of its channels is refused. When running ones do, the costliest of the caller in this process ends with
 * an error, one in each window, and no new ones begin in that window: nothing is thinned out in silence.
 */
export class StreamBudgets {
  readonly #policy: StreamBudgetPolicy;
  readonly #counters: SharedCounters | null;
  readonly #now: () => number;
  readonly #accounts = new Map<string, Account>();

  constructor(
    policy: StreamBudgetPolicy,
    { counters = null, now = Date.now }: { counters?: SharedCounters | null; now?: () => number } = {},
  ) {
    this.#policy = policy;
    this.#counters = counters;
    this.#now = now;
  }

  get accountCount(): number {
    return this.#accounts.size;
  }

  /**
   * Begins a subscription that costs so much per event. `eventsPerSecond` is what its channels have now, 0 where nobody knows.
   * Throws STREAM_BUDGET_EXCEEDED; returns how to end it.
   */
  open(key: string, cost: number, eventsPerSecond: number, spender: Spender): () => void {
    const account = this.#accountOf(key);
    const rate = cost * eventsPerSecond;
    let expected = account.othersRate + rate;
    for (const spending of account.spendings.values()) expected += spending.rate;
    if (account.isOver || (rate > 0 && expected > this.#policy.unitsPerSecond)) throw this.#exceeded(account);
    account.spendings.set(spender, { cost, seen: spender.delivered, spent: 0, rate });
    return () => {
      const spending = account.spendings.get(spender);
      if (spending === undefined) return;
      this.#note(account, spender, spending);
      account.spendings.delete(spender);
    };
  }

  /** Looks at what was spent since the last time: to be called about once a second. */
  async measure(): Promise<void> {
    const reports: Promise<void>[] = [];
    for (const [key, account] of this.#accounts) {
      for (const [spender, spending] of account.spendings) this.#note(account, spender, spending);
      if (this.#counters !== null && account.unreported >= this.#unitsPerWindow / REPORT_PARTS)
        reports.push(this.#report(key, account));
      this.#endCostliest(account);
      this.#roll(account);
      if (account.spendings.size === 0 && account.spent === 0 && account.othersRate === 0) this.#accounts.delete(key);
    }
    await Promise.all(reports);
  }

  get #unitsPerWindow(): number {
    return this.#policy.unitsPerSecond * this.#policy.windowSeconds;
  }

  get #window(): number {
    return Math.floor(this.#now() / (this.#policy.windowSeconds * 1_000));
  }

  #accountOf(key: string): Account {
    let account = this.#accounts.get(key);
    if (account) this.#roll(account);
    else {
      account = {
        window: this.#window,
        spendings: new Map(),
        spent: 0,
        unreported: 0,
        known: 0,
        othersRate: 0,
        isOver: false,
      };
      this.#accounts.set(key, account);
    }
    return account;
  }

  /** Begins a new window where the last one is over. */
  #roll(account: Account): void {
    const window = this.#window;
    if (account.window === window) return;
    const { windowSeconds } = this.#policy;
    const isNext = window === account.window + 1;
    for (const spending of account.spendings.values()) {
      spending.rate = isNext ? spending.spent / windowSeconds : 0;
      spending.spent = 0;
    }
    const others = account.known + account.unreported - account.spent;
    account.othersRate = isNext && account.known > 0 ? Math.max(0, others) / windowSeconds : 0;
    Object.assign(account, { window, spent: 0, unreported: 0, known: 0, isOver: false });
  }

  #note(account: Account, spender: Spender, spending: Spending): void {
    const units = (spender.delivered - spending.seen) * spending.cost;
    spending.seen = spender.delivered;
    spending.spent += units;
    account.spent += units;
    account.unreported += units;
  }

  async #report(key: string, account: Account): Promise<void> {
    const { window, unreported } = account;
    account.unreported = 0;
    try {
      const known = await this.#counters!.add(`streams:${key}:${window}`, unreported, this.#policy.windowSeconds);
      if (account.window !== window) return;
      account.known = Math.max(account.known, known);
      this.#endCostliest(account);
    } catch {
      // They are away: what this process spent counts, and is told when they are back.
      if (account.window === window) account.unreported += unreported;
    }
  }

  #endCostliest(account: Account): void {
    if (account.isOver || Math.max(account.spent, account.known + account.unreported) <= this.#unitsPerWindow) return;
    account.isOver = true;
    let costliest: Spender | null = null;
    let most = 0;
    for (const [spender, { spent }] of account.spendings) {
      if (spent <= most) continue;
      most = spent;
      costliest = spender;
    }
    costliest?.fail(this.#exceeded(account));
  }

  #exceeded(account: Account): CodedError {
    const { unitsPerSecond, windowSeconds } = this.#policy;
    const endsAtMs = (account.window + 1) * windowSeconds * 1_000;
    return new CodedError("STREAM_BUDGET_EXCEEDED", undefined, {
      unitsPerSecond,
      retryAfterSeconds: Math.max(1, Math.ceil((endsAtMs - this.#now()) / 1_000)),
    });
  }
}

/** Opens what was accounted for; `settle` is called when it is left, or cannot be opened. */
export function whileOpen(settle: (() => void) | undefined, open: () => () => void): () => void {
  if (settle === undefined) return open();
  try {
    const leave = open();
    return () => {
      leave();
      settle();
    };
  } catch (error) {
    settle();
    throw error;
  }
}
