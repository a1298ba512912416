import type { Logger } from "@mib/service/log";
import { channelName, compareIds, FIRST_ID, idBelow, type WindowEntry } from "@mib/stream-window/layout";
import type { WindowSlice } from "@mib/stream-window/reader";
import { CURRENT_EPOCH, NO_EPOCH, type Position, type StreamListener, type StreamSource } from "../stream-source.ts";
import { Anchors } from "./anchors.ts";
import { fieldOf, timeOfId, type EntryFormat } from "./entry-format.ts";
import { followPlace, type CountedEntry, type Following, type LogPage, type LogPlace } from "./log-page.ts";
import type { LogListener, LogStore, Watched } from "./log-store.ts";

const FIRST_PLACE: LogPlace = { id: FIRST_ID, count: 0 };
/** Entries that are taken at once from a stream that has news. */
const NEWS_ENTRIES_MAX = 500;

/** Who is told what the source hears: the hub. */
type LogHub = Omit<StreamListener, "returned">;

/** A channel that somebody listens to. */
interface Wanted extends Watched {
  topic: string;
  channel: string;
  at: LogPlace | null;
  isReadable: boolean;
  /** What this process calls the channel's history. Others call it otherwise: a cursor has the number of its event instead. */
  epoch: string;
  /** Where the epoch begins; null until the stream was read. */
  start: LogPlace | null;
  anchors: Anchors;
}

/**
 * Streams that services fill by XADD, with nothing of ours in between: an entry's id is the event's. Which event follows which,
 * how many are missing and whether a stream is still the one that it was, is told by the numbers that Redis keeps of it.
 */
export class RedisLogSource implements StreamSource, LogListener {
  readonly #format: EntryFormat;
  readonly #log: Logger;
  readonly #wanted = new Map<string, Wanted>();
  readonly #store: LogStore;
  readonly #listener: LogHub;
  #epochs = 0;
  #isThere = false;

  constructor(
    connect: (listener: LogListener) => LogStore,
    { format, listener, log }: { format: EntryFormat; listener: LogHub; log: Logger },
  ) {
    this.#format = format;
    this.#listener = listener;
    this.#log = log;
    this.#store = connect(this);
  }

  subscribe(topic: string, channel: string): void {
    const wanted: Wanted = {
      topic,
      channel,
      key: this.#format.keyOf(topic, channel),
      at: null,
      isReadable: true,
      epoch: this.#newEpoch(),
      start: null,
      anchors: new Anchors(),
    };
    this.#wanted.set(channelName(topic, channel), wanted);
    this.#store.watch(wanted);
    if (this.#isThere) queueMicrotask(() => this.#confirm(wanted));
  }

  unsubscribe(topic: string, channel: string): void {
    const name = channelName(topic, channel);
    const wanted = this.#wanted.get(name);
    this.#wanted.delete(name);
    if (wanted) this.#store.unwatch(wanted);
  }

  async readLast(topic: string, channel: string): Promise<WindowEntry | null> {
    const wanted = this.#wantedOf(topic, channel);
    const { state } = await this.#readOn(wanted, 1);
    const last = state?.last ?? null;
    return last && this.#toEntry(wanted, { ...last, count: state!.added }, idBelow(last.id));
  }

  async readAfter(topic: string, channel: string, position: Position, limit: number): Promise<WindowSlice> {
    const wanted = this.#wantedOf(topic, channel);
    const isCursor = position.epoch === CURRENT_EPOCH;
    const { epoch } = wanted;
    if (!isCursor && position.epoch !== epoch) return sliceOfOther(epoch);
    const place = placeOf(position, wanted.start);
    const page = await this.#read(wanted, place.id, limit);
    const following = followPlace(place, page);
    if (following === "OTHER_HISTORY" && isCursor) return sliceOfOther(NO_EPOCH);
    if (following === "OTHER_HISTORY" && wanted.epoch === epoch) await this.#beginAnew(wanted, place.id);
    if (following === "OTHER_HISTORY" || wanted.epoch !== epoch) return sliceOfOther(wanted.epoch);
    const last = page.state?.last ?? null;
    return {
      epoch,
      entries: this.#toEntries(wanted, following, position.id),
      complete: following.isComplete,
      head: last && this.#toEntry(wanted, { ...last, count: page.state!.added }, idBelow(last.id)),
    };
  }

  /** Tells the listener what a stream has beyond what it was told of. */
  async news(watched: Watched): Promise<void> {
    const wanted = watched as Wanted;
    const { at } = wanted;
    if (at === null) return;
    let page: LogPage;
    try {
      page = await this.#read(wanted, at.id, NEWS_ENTRIES_MAX);
    } catch (error) {
      if ((error as Error).name !== "ReplyError" || wanted.at !== at) return;
      // It is waited for again when it could be read.
      wanted.isReadable = false;
      this.#log.warn(
        { err: error, key: wanted.key },
        "a channel can't be read: its key is no stream, or not to be read",
      );
      return;
    }
    if (wanted.at !== at) return;
    const following = followPlace(at, page);
    if (following === "OTHER_HISTORY") return this.#beginAnew(wanted, at.id);
    const last = following.entries.at(-1);
    if (last === undefined) return;
    const entries = this.#toEntries(wanted, following, at === wanted.start ? FIRST_ID : at.id);
    this.#moveTo(wanted, { id: last.id, count: numberOrNull(last.count) });
    for (const entry of entries) this.#listener.message(wanted.topic, wanted.channel, entry);
  }

  lost(): void {
    this.#isThere = false;
    this.#listener.lost();
  }

  /** What was missed meanwhile follows from where each stream was. */
  there(): void {
    this.#isThere = true;
    for (const wanted of this.#wanted.values()) this.#confirm(wanted);
  }

  #confirm(wanted: Wanted): void {
    if (this.#isThere && this.#isWanted(wanted)) this.#listener.subscribed(wanted.topic, wanted.channel);
  }

  #wantedOf(topic: string, channel: string): Wanted {
    const wanted = this.#wanted.get(channelName(topic, channel));
    if (!wanted) throw new Error("nobody listens to the channel any more");
    return wanted;
  }

  #isWanted(wanted: Wanted): boolean {
    return this.#wanted.get(channelName(wanted.topic, wanted.channel)) === wanted;
  }

  /** Reads on from where the stream is known; a history that is over is left behind. */
  async #readOn(wanted: Wanted, limit: number): Promise<LogPage> {
    const { at, epoch } = wanted;
    const page = await this.#read(wanted, at?.id ?? FIRST_ID, limit);
    if (at !== null && wanted.epoch === epoch && followPlace(at, page) === "OTHER_HISTORY")
      await this.#beginAnew(wanted, at.id);
    return page;
  }

  async #read(wanted: Wanted, fromId: string, limit: number): Promise<LogPage> {
    const page = await this.#store.read(wanted.key, fromId, limit);
    if (!this.#isWanted(wanted)) throw new Error("nobody listens to the channel any more");
    if (wanted.at === null) this.#attach(wanted, page);
    else if (!wanted.isReadable) {
      wanted.isReadable = true;
      this.#store.moved(wanted);
    }
    return page;
  }

  /** What comes after this page is waited for. */
  #attach(wanted: Wanted, { state }: LogPage): void {
    const at = state === null ? FIRST_PLACE : { id: state.lastId, count: state.added };
    wanted.start = state !== null && state.length > 0 ? FIRST_PLACE : at;
    this.#moveTo(wanted, at);
    this.#store.moved(wanted);
  }

  #moveTo(wanted: Wanted, at: LogPlace): void {
    wanted.at = at;
    wanted.anchors.note(at);
  }

  /**
   * The stream was deleted, or Redis lost it or the newest part of it. Of one that has still some of what it was known to have,
   * what is older than the place that it had come to was told already.
   */
  async #beginAnew(wanted: Wanted, knownId: string): Promise<void> {
    const { epoch, anchors, key } = wanted;
    const isRest = await this.#hasOneOf(wanted, anchors.places());
    if (wanted.epoch !== epoch || !this.#isWanted(wanted)) return;
    const { at } = wanted;
    const cameTo = at !== null && compareIds(at.id, knownId) > 0 ? at.id : knownId;
    wanted.epoch = this.#newEpoch();
    wanted.start = isRest ? { id: cameTo, count: null, isFloor: true } : FIRST_PLACE;
    wanted.at = wanted.start;
    wanted.anchors = new Anchors();
    this.#log.warn({ key }, isRest ? "a stream has lost its newest entries" : "a stream began anew");
    this.#store.moved(wanted);
  }

  async #hasOneOf({ key }: Wanted, places: readonly LogPlace[]): Promise<boolean> {
    const pages = await Promise.all(places.map(async ({ id }) => this.#store.read(key, id, 1)));
    return pages.some(
      (page, i) => page.entries[0]?.id === places[i]!.id && followPlace(places[i]!, page) !== "OTHER_HISTORY",
    );
  }

  #newEpoch(): string {
    this.#epochs += 1;
    return String(this.#epochs);
  }

  /** `after`: the id that the first of them follows, where nothing is missing. */
  #toEntries(wanted: Wanted, { entries, isComplete }: Following, after: string): WindowEntry[] {
    return entries.map((entry, i) => {
      const isKnown = i > 0 || isComplete;
      return this.#toEntry(wanted, entry, isKnown ? (entries[i - 1]?.id ?? after) : idBelow(entry.id));
    });
  }

  #toEntry({ epoch }: Wanted, entry: CountedEntry, prev: string): WindowEntry {
    return {
      epoch,
      id: entry.id,
      prev,
      count: entry.count,
      brokerTimeMs: timeOfId(entry.id, Date.now()),
      traceparent: fieldOf(entry, "traceparent"),
      value: this.#format.valueOf(entry),
    };
  }
}

const sliceOfOther = (epoch: string): WindowSlice => ({ epoch, entries: [], complete: false, head: null });

/** Before all events stands the beginning of the epoch, or of what is kept where no number is asked for. */
function placeOf({ id, count }: Position, start: LogPlace | null): LogPlace {
  if (id !== FIRST_ID) return { id, count: numberOrNull(count) };
  return count === undefined ? FIRST_PLACE : (start ?? FIRST_PLACE);
}

const numberOrNull = (count: number | null | undefined): number | null =>
  count == null || Number.isNaN(count) ? null : count;
