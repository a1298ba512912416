import type { TestChannel } from "./channels.ts";

/** How events get to where streams come from. */
export interface PublishingWay {
  /**
   * The events of a channel from the n-th on; resolves when they can't be lost any more. Rejects when that is not known: they may
   * be there all the same, and are to be sent again.
   */
  send(channel: TestChannel, first: number, count: number): Promise<void>;
  /** Whether what was sent may be sent again at any time. */
  readonly repeats: boolean;
  /** Whether what was taken may be lost for good: then nobody may get the last event of a channel. */
  readonly mayLose: boolean;
  stop(): Promise<void>;
}
