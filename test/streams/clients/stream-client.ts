import type { RecordedSubscription } from "./recorded-subscription.ts";

/** A client with subscriptions, made of a stock library, that comes back by itself. */
export interface StreamClient {
  readonly name: string;
  readonly subscriptions: readonly RecordedSubscription[];
  /** Loses its connections without a goodbye. */
  kill(): void;
  /** Reads nothing until `resume`, and its connections stay open. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export interface StreamClientOptions {
  name: string;
  subscriptions: readonly RecordedSubscription[];
  /** Where to connect, asked each time. */
  endpoint(): string;
}

/** Before a client connects again. */
export const retryWaitMs = (): number => 50 + Math.random() * 250;
