import type { CheckCounts } from "./check-history.ts";
import type { Ended, Head, PublishedEvent, Received, Subscribed, SubscriptionHistory } from "./history.ts";
import type { Violation, ViolationKind } from "./violation.ts";

/** A channel's events, and where in it each is. */
export interface ChannelTruth {
  events: readonly PublishedEvent[];
  places: ReadonlyMap<string, number>;
}

/** What holds for every subscription: goes through its observations in order and collects what is wrong. */
export abstract class SubscriptionCheck {
  protected readonly counts: CheckCounts;
  protected readonly history: SubscriptionHistory;
  readonly #truth: ReadonlyMap<string, ChannelTruth>;
  readonly #violations: Violation[] = [];
  /** The event of each cursor. */
  readonly #cursors = new Map<string, Received>();
  #lastCursor: string | null;
  #verdictDue = false;
  #at: number | null = null;

  constructor(history: SubscriptionHistory, truth: ReadonlyMap<string, ChannelTruth>, counts: CheckCounts) {
    this.history = history;
    this.counts = counts;
    this.#truth = truth;
    this.#lastCursor = history.hadCursor;
  }

  run(): Violation[] {
    for (const [at, observation] of this.history.observations.entries()) {
      this.#at = at;
      if (observation.kind === "RECEIVED") this.#received(observation);
      else if (observation.kind === "HEAD") this.#head(observation);
      else if (observation.kind === "ENDED") this.#ended(observation);
      else this.#subscribed(observation);
    }
    this.#at = null;
    for (const channel of this.history.channels) {
      const { events } = this.#truth.get(channel)!;
      if (events.length > 0) this.checkEnd(channel, events.length - 1);
    }
    return this.#violations;
  }

  protected abstract subscribed(after: string | null): void;
  /** An event at its place in its channel. */
  protected abstract received(place: number, event: Received, truth: ChannelTruth): void;
  protected abstract checkEnd(channel: string, lastPlace: number): void;

  protected placeHad(channel: string): number {
    const id = this.history.had.get(channel);
    return id === undefined ? -1 : this.#truth.get(channel)!.places.get(id)!;
  }

  /** Where the event of a cursor is; null for one that this history did not see. */
  protected placeOf(cursor: string): number | null {
    const event = this.#cursors.get(cursor);
    return event === undefined ? null : this.#truth.get(event.channel)!.places.get(event.id)!;
  }

  protected report(kind: ViolationKind, channel: string, detail: string): void {
    this.#violations.push({ kind, subscription: this.history.name, channel, at: this.#at, detail });
  }

  #subscribed({ after }: Subscribed): void {
    this.#verdictDue = after !== null && after !== "start";
    if (after === null) this.#lastCursor = null;
    this.subscribed(after);
  }

  #received(event: Received): void {
    const { channel, id, value, cursor, gap, verdict } = event;
    this.counts.deliveries += 1;
    this.counts.conflated += event.conflated;
    if (gap !== null) {
      this.counts.gaps[gap.reason] = (this.counts.gaps[gap.reason] ?? 0) + 1;
      this.counts.eventsInGaps += gap.count ?? 0;
    }
    if (verdict !== null) this.#countVerdict(verdict.recovered ? "recovered" : (verdict.reason ?? "unknown"));
    if (this.#verdictDue && verdict === null)
      this.report("FORGOTTEN_VERDICT", channel, `the first event after going on, ${id}, says nothing of it`);
    this.#verdictDue = false;

    const truth = this.history.channels.includes(channel) ? this.#truth.get(channel) : undefined;
    const place = truth?.places.get(id);
    if (truth === undefined || place === undefined) return this.report("UNKNOWN_EVENT", channel, id);
    if (truth.events[place]!.value !== value)
      this.report("WRONG_VALUE", channel, `${id} is ${value}, not ${truth.events[place]!.value}`);
    if (cursor !== null) {
      const other = this.#cursors.get(cursor);
      // A cursor of LATEST is of all its channels: what is current is all that there is to go on with.
      if (other !== undefined && other.id !== id && this.history.delivery === "EVERY")
        this.report("REUSED_CURSOR", channel, `of ${other.id} and of ${id}`);
      this.#cursors.set(cursor, event);
      this.#lastCursor = cursor;
    }
    this.received(place, event, truth);
  }

  /** Nothing is lost within a connection, so the head is what came last. */
  #head({ cursor }: Head): void {
    this.counts.heads += 1;
    if (cursor === this.#lastCursor) return;
    const [head, last] = [cursor, this.#lastCursor].map((text) => text && this.#cursors.get(text)?.id);
    this.report("WRONG_HEAD", this.history.channels[0]!, `${head ?? "an unknown event"} after ${last ?? "none"}`);
  }

  #ended({ code, reason }: Ended): void {
    this.#countVerdict(reason ?? code);
    this.#verdictDue = false;
  }

  #countVerdict(verdict: string): void {
    this.counts.verdicts[verdict] = (this.counts.verdicts[verdict] ?? 0) + 1;
  }
}
