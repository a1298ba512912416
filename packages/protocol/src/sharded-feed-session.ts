import {
  FeedSession,
  type BarInput,
  type BookUpdateInput,
  type FeedSessionOptions,
  type InstrumentInput,
  type QuoteInput,
  type Rejected,
  type TradeInput,
} from "./feed-session.ts";
import { INSTRUMENT_UNDEFINED } from "./messages.generated.ts";
import { shardOf, shardsOf, type Shard } from "./shard.ts";

export interface ShardedFeedSessionOptions extends Pick<
  FeedSessionOptions,
  "session" | "feed" | "source" | "retainedBytesMax"
> {
  /** Of all engines, in the order of their shards. */
  addresses: readonly string[];
  /** `sequence` is that of the shard's session. */
  onReject?(reject: Rejected, shard: Shard): void;
  onTrouble?(error: Error, shard: Shard): void;
  onConnected?(nextSequence: number, shard: Shard): void;
}

interface Place {
  session: FeedSession;
  /** As the session names it. */
  instrumentId: number;
}

/**
 * A feed's session with each of the engines that share the instruments. All have the same name, and each has a sequence of its own:
 * the same records in the same order come to the same engines, so a feed that begins anew is repeated to none. An engine that is
 * away holds nobody up until more waits for it than may (`room`).
 */
export class ShardedFeedSession {
  readonly #sessions: readonly FeedSession[];
  /** By the number that the feed knows. */
  readonly #places: Place[] = [];
  /** By shard: the feed's number of an instrument by that of the shard's session. */
  readonly #numbers: number[][];

  constructor({ addresses, onReject, onTrouble, onConnected, ...options }: ShardedFeedSessionOptions) {
    const shards = shardsOf(addresses);
    this.#numbers = shards.map(() => []);
    this.#sessions = shards.map(
      (shard) =>
        new FeedSession({
          ...options,
          address: addresses[shard.index]!,
          shard,
          onReject: (reject) =>
            onReject?.(
              { ...reject, instrumentId: this.#numbers[shard.index]![reject.instrumentId] ?? reject.instrumentId },
              shard,
            ),
          onTrouble: (error) => onTrouble?.(error, shard),
          onConnected: (nextSequence) => onConnected?.(nextSequence, shard),
        }),
    );
  }

  /** Waits for all engines. `nextSequence` is above 1 when any of them has something of the session. */
  async start(options: { signal?: AbortSignal } = {}): Promise<{ nextSequence: number }> {
    const started = await Promise.all(this.#sessions.map((session) => session.start(options)));
    return { nextSequence: Math.max(...started.map(({ nextSequence }) => nextSequence)) };
  }

  /** In the order of the shards. */
  get sessions(): readonly FeedSession[] {
    return this.#sessions;
  }

  /** One more than the records that were given to all engines together. */
  get nextSequence(): number {
    return this.#sum(({ nextSequence }) => nextSequence - 1) + 1;
  }

  /** How many records are on the disks of all engines together. */
  get durableSequence(): number {
    return this.#sum(({ durableSequence }) => durableSequence);
  }

  get connected(): boolean {
    return this.#sessions.every(({ connected }) => connected);
  }

  /** Whether records that are written now are new to an engine that gets any. */
  get fresh(): boolean {
    const used = this.#sessions.filter((_, shard) => this.#numbers[shard]!.length > 0);
    return used.length === 0 ? this.#sessions.every(({ fresh }) => fresh) : used.some(({ fresh }) => fresh);
  }

  get full(): boolean {
    return this.#sessions.some(({ full }) => full);
  }

  async room(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.room()));
  }

  async flush(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.flush()));
  }

  async close(options: { timeoutMs?: number } = {}): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.close(options)));
  }

  defineInstrument(instrument: InstrumentInput): number {
    const shard = shardOf(instrument.symbol, this.#sessions.length);
    const session = this.#sessions[shard]!;
    const instrumentId = session.defineInstrument(instrument);
    this.#numbers[shard]![instrumentId] = this.#places.length;
    return this.#places.push({ session, instrumentId }) - 1;
  }

  trade(trade: TradeInput): void {
    const { session, instrumentId } = this.#place(trade.instrumentId);
    session.trade({ ...trade, instrumentId });
  }

  quote(quote: QuoteInput): void {
    const { session, instrumentId } = this.#place(quote.instrumentId);
    session.quote({ ...quote, instrumentId });
  }

  bookDelta(update: BookUpdateInput): void {
    const { session, instrumentId } = this.#place(update.instrumentId);
    session.bookDelta({ ...update, instrumentId });
  }

  bookSnapshot(snapshot: BookUpdateInput): void {
    const { session, instrumentId } = this.#place(snapshot.instrumentId);
    session.bookSnapshot({ ...snapshot, instrumentId });
  }

  bar(bar: BarInput): void {
    const { session, instrumentId } = this.#place(bar.instrumentId);
    session.bar({ ...bar, instrumentId });
  }

  /** For all instruments it is told to all engines. */
  clock(tsEventNanos: bigint, instrumentId: number = INSTRUMENT_UNDEFINED): void {
    for (const place of this.#placesOf(instrumentId)) place.session.clock(tsEventNanos, place.instrumentId);
  }

  gap(gap: Parameters<FeedSession["gap"]>[0]): void {
    for (const { session, instrumentId } of this.#placesOf(gap.instrumentId)) session.gap({ ...gap, instrumentId });
  }

  #placesOf(instrumentId: number): Place[] {
    if (instrumentId !== INSTRUMENT_UNDEFINED) return [this.#place(instrumentId)];
    return this.#sessions.map((session) => ({ session, instrumentId }));
  }

  #place(instrumentId: number): Place {
    const place = this.#places[instrumentId];
    if (!place) throw new RangeError(`the session has no instrument ${instrumentId}`);
    return place;
  }

  #sum(value: (session: FeedSession) => number): number {
    return this.#sessions.reduce((sum, session) => sum + value(session), 0);
  }
}
