import type { Received, SubscriptionHistory } from "./history.ts";
import type { CheckCounts } from "./check-history.ts";
import { type ChannelTruth, SubscriptionCheck } from "./subscription-check.ts";

/** EVERY: each event of its one channel once and in order, or a gap that says how many are missing. */
export class EveryCheck extends SubscriptionCheck {
  /** Null: it began with what came, and nobody can say what that should have been. */
  #last: number | null;
  /** Places that were passed over, with a gap or without one. */
  readonly #skipped = new Set<number>();

  constructor(history: SubscriptionHistory, truth: ReadonlyMap<string, ChannelTruth>, counts: CheckCounts) {
    super(history, truth, counts);
    this.#last = this.placeHad(history.channels[0]!);
  }

  protected override subscribed(after: string | null): void {
    if (after === null) {
      this.#last = null;
      this.#skipped.clear();
    } else if (after === "start") this.#last = -1;
    else this.#last = this.placeOf(after) ?? this.#last;
  }

  protected override received(place: number, event: Received, truth: ChannelTruth): void {
    const last = this.#last;
    this.#last = Math.max(place, last ?? place);
    if (last === null) return;
    const { channel, id } = event;
    if (place <= last) {
      if (this.#skipped.delete(place)) this.report("REORDERED", channel, `${id} after ${truth.events[last]!.id}`);
      else this.report("DUPLICATE", channel, `${id}, when ${truth.events[last]!.id} was the last`);
      return;
    }
    const missed = place - last - 1;
    for (let skipped = last + 1; skipped < place; skipped++) this.#skipped.add(skipped);
    this.#checkGap(missed, event, last >= 0 && truth.events[last]!.epoch !== truth.events[place]!.epoch);
    const replayed = event.verdict?.replayed ?? null;
    if (replayed !== null && last + replayed >= truth.events.length)
      this.report("WRONG_REPLAY", channel, `${replayed} are promised, ${truth.events.length - last - 1} exist`);
  }

  #checkGap(missed: number, { channel, id, gap }: Received, isNewEpoch: boolean): void {
    if (isNewEpoch) {
      if (gap === null) this.report("SILENT_GAP", channel, `the epoch of ${id} is new, and nothing says so`);
      else if (gap.count !== null) this.report("WRONG_GAP", channel, `the epoch of ${id} is new: nobody can count`);
      return;
    }
    if (gap === null) {
      if (missed > 0) this.report("SILENT_GAP", channel, `${missed} before ${id}`);
    } else if (gap.count !== null && gap.count !== missed)
      this.report("WRONG_GAP", channel, `${missed} are missing before ${id}, ${gap.count} are told`);
  }

  protected override checkEnd(channel: string, lastPlace: number): void {
    if (this.#last !== null && this.#last >= lastPlace) return;
    const missing = this.#last === null ? "all" : lastPlace - this.#last;
    this.report("MISSING_TAIL", channel, `${missing} at the end`);
  }
}
