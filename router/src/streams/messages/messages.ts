/** Pub/sub, as far as streams hear it. */
export interface Messages {
  /** Whether all channels could be heard now. */
  readonly isReady: boolean;
  /** Whether none of a channel's messages is missed now. */
  hears(name: string): boolean;
  /** From now on a channel is wanted, also while Redis is away. */
  subscribe(name: string): void;
  unsubscribe(name: string): void;
  close(): void;
}
