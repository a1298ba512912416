import type { Received, SubscriptionHistory } from "./history.ts";
import type { CheckCounts } from "./check-history.ts";
import { type ChannelTruth, SubscriptionCheck } from "./subscription-check.ts";

interface Progress {
  last: number;
  /** Nothing came since the subscription began or went on: it may begin with what it had. */
  isFirst: boolean;
}

/** LATEST: of each channel newer and newer values, the newest in the end, and the number of those that were skipped. */
export class LatestCheck extends SubscriptionCheck {
  readonly #channels: ReadonlyMap<string, Progress>;

  constructor(history: SubscriptionHistory, truth: ReadonlyMap<string, ChannelTruth>, counts: CheckCounts) {
    super(history, truth, counts);
    this.#channels = new Map(
      history.channels.map((channel) => [channel, { last: this.placeHad(channel), isFirst: false }]),
    );
  }

  protected override subscribed(): void {
    for (const progress of this.#channels.values()) progress.isFirst = true;
  }

  protected override received(place: number, { channel, id, conflated }: Received, { events }: ChannelTruth): void {
    const progress = this.#channels.get(channel)!;
    const { last, isFirst } = progress;
    progress.last = Math.max(last, place);
    progress.isFirst = false;
    if (place < last) return this.report("REORDERED", channel, `${id} after ${events[last]!.id}`);
    if (isFirst) return;
    if (place === last) return this.report("DUPLICATE", channel, id);
    const missed = place - last - 1;
    if (conflated > missed)
      this.report("WRONG_GAP", channel, `${missed} were skipped for ${id}, ${conflated} are told`);
    else if (conflated < missed) this.report("SILENT_GAP", channel, `${missed - conflated} before ${id}`);
  }

  protected override checkEnd(channel: string, lastPlace: number): void {
    const { last } = this.#channels.get(channel)!;
    if (last < lastPlace) this.report("MISSING_TAIL", channel, `${lastPlace - last} at the end`);
  }
}
