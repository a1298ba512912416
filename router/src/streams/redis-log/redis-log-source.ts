import type { Logger } from "@mib/service/log";
import { channelName, compareIds, FIRST_ID, idBelow, type WindowEntry } from "@mib/stream-window/layout";
import type { WindowSlice } from "@mib/stream-window/reader";
import { CURRENT_EPOCH, NO_EPOCH, type Position, type StreamListener, type StreamSource } from "../stream-source.ts";
import { Anchors } from "./anchors.ts";
import { fieldOf, timeOfId, type EntryFormat } from "./entry-format.ts";
import { followPlace, type CountedEntry, type Following, type LogPage, type LogPlace } from "./log-page.ts";
import type { LogListener, LogStore, Watched } from "./log-store.ts";

const FIRST_PLACE: LogPlace = { id: FIRST_ID, count: 0 };
/** The oldest event that is kept and from which on none is missing. */
const OLDEST: LogPlace = { ...FIRST_PLACE };
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
  /** The newest event of the epoch that was read, by whomever. */
  newest: LogPlace;
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
  #listener: LogHub | null = null;
  #epochs = 0;
  #isThere = false;

  constructor(store: LogStore, { format, log }: { format: EntryFormat; log: Logger }) {
    this.#format = format;
    this.#log = log;
    this.#store = store;
  }

  /** From now on tells the listener. */
  start(listener: LogHub): void {
    this.#listener = listener;
    this.#store.start(this);
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
      newest: FIRST_PLACE,
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
    const { state } = await this.#readOn(wanted);
    const last = state?.last ?? null;
    return last && this.#toEntry(wanted, { ...last, count: state!.added }, idBelow(last.id));
  }

  async readAfter(topic: string, channel: string, position: Position, limit: number): Promise<WindowSlice> {
    const wanted = this.#wantedOf(topic, channel);
    const isCursor = position.epoch === CURRENT_EPOCH;
    const { epoch } = wanted;
    if (!isCursor && position.epoch !== epoch) return sliceOfOther(epoch);
    let place = placeOf(position, wanted.start);
    let page = await this.#read(wanted, place.id, limit);
    if (place === OLDEST) {
      while (hasHoleAfter(place, page)) {
        place = { id: page.state!.deletedId, count: null, isFloor: true };
        page = await this.#read(wanted, place.id, limit);
      }
    }
    const following = followPlace(place, page);
    // A place may be of what is left of a history that is over: the newest that was read tells.
    if (wanted.epoch === epoch && isOver(wanted.newest, place, page)) await this.#beginAnew(wanted, wanted.newest.id);
    if (following === "OTHER_HISTORY" && isCursor) return sliceOfOther(NO_EPOCH);
    if (following === "OTHER_HISTORY" && wanted.epoch === epoch) await this.#beginAnew(wanted, place.id);
    if (following === "OTHER_HISTORY" || wanted.epoch !== epoch)
      return sliceOfOther(isCursor ? NO_EPOCH : wanted.epoch);
    this.#noteFirst(wanted, page);
    const last = page.state?.last ?? null;
    return {
      epoch,
      entries: this.#toEntries(wanted, following, position.id),
      // What can't be given as a whole is not begun with.
      complete: following.isComplete && !(isCursor && hasHoleAfter(place, page)),
      head: last && this.#toEntry(wanted, { ...last, count: page.state!.added }, idBelow(last.id)),
    };
  }

  /** Tells the listener what a stream has beyond what it was told of. */
  async news(watched: Watched): Promise<void> {
    const wanted = watched as Wanted;
    const { at, epoch } = wanted;
    if (at === null) return;
    let page: LogPage;
    try {
      page = await this.#read(wanted, at.id, NEWS_ENTRIES_MAX);
    } catch (error) {
      if (!this.#isWanted(wanted) || wanted.at !== at) return;
      if ((error as Error).name !== "ReplyError") throw error;
      // It is waited for again when it could be read.
      wanted.isReadable = false;
      this.#log.warn(
        { err: error, key: wanted.key },
        "a channel can't be read: its key is no stream, or not to be read",
      );
      return;
    }
    if (wanted.at !== at || wanted.epoch !== epoch) return;
    const following = followPlace(at, page);
    if (following === "OTHER_HISTORY" || isOver(wanted.newest, at, page))
      return this.#beginAnew(wanted, wanted.newest.id);
    if (following.entries.length === 0) return;
    this.#noteFirst(wanted, page);
    const entries = this.#toEntries(wanted, following, at === wanted.start ? FIRST_ID : at.id);
    const { id, count } = following.entries.at(-1)!;
    wanted.at = { id, count: numberOrNull(count) };
    for (const entry of entries) this.#listener!.message(wanted.topic, wanted.channel, entry);
  }

  lost(): void {
    this.#isThere = false;
    this.#listener!.lost();
  }

  /** What was missed meanwhile follows from where each stream was. */
  there(): void {
    this.#isThere = true;
    for (const wanted of this.#wanted.values()) this.#confirm(wanted);
  }

  #confirm(wanted: Wanted): void {
    if (this.#isThere && this.#isWanted(wanted)) this.#listener!.subscribed(wanted.topic, wanted.channel);
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
  async #readOn(wanted: Wanted): Promise<LogPage> {
    const { newest: from, epoch } = wanted;
    const page = await this.#read(wanted, from.id, from.id === FIRST_ID ? 1 : NEWS_ENTRIES_MAX);
    if (wanted.epoch !== epoch) throw new Error("the stream began anew while it was read");
    const { newest } = wanted;
    if (newest !== from && page.isCut)
      throw new Error("others read further meanwhile: whether this follows can't be told");
    if ((newest === from && followPlace(from, page) === "OTHER_HISTORY") || isOver(newest, from, page)) {
      await this.#beginAnew(wanted, newest.id);
      return this.#readOn(wanted);
    }
    this.#noteFirst(wanted, page);
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
    wanted.at = at;
    this.#store.moved(wanted);
  }

  /** Where nothing was deleted by itself, the first that is left shows, too, whether it is the same stream later. */
  #noteFirst({ anchors }: Wanted, { state }: LogPage): void {
    if (state !== null && state.firstId !== null && state.deletedId === FIRST_ID)
      anchors.noteFirst({ id: state.firstId, count: state.added - state.length + 1 });
  }

  /**
   * The stream was deleted, or Redis lost it or the newest part of it. Of one that has still some of what it was known to have,
   * what is older than the newest that was read of it was told already.
   */
  async #beginAnew(wanted: Wanted, overId: string): Promise<void> {
    const { epoch, anchors, key, newest } = wanted;
    const older = anchors.places().filter(({ id }) => compareIds(id, overId) < 0);
    // Where the channel has come to another history already, what was older is not of it.
    const isBehind = compareIds(newest.id, overId) > 0 && (await this.#hasOneOf(wanted, [newest]));
    const isRest = !isBehind && (await this.#hasOneOf(wanted, older));
    if (wanted.epoch !== epoch || !this.#isWanted(wanted)) return;
    wanted.epoch = this.#newEpoch();
    wanted.start = isRest ? { id: wanted.newest.id, count: null, isFloor: true } : FIRST_PLACE;
    wanted.at = wanted.start;
    if (!isRest) wanted.anchors = new Anchors();
    wanted.newest = wanted.start;
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

  #toEntry(wanted: Wanted, entry: CountedEntry, prev: string): WindowEntry {
    if (compareIds(entry.id, wanted.newest.id) > 0) {
      wanted.newest = { id: entry.id, count: numberOrNull(entry.count) };
      wanted.anchors.note(wanted.newest);
    }
    return {
      epoch: wanted.epoch,
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

/** Before all events stands the beginning of the epoch, or of what is kept where no number is told. */
function placeOf({ id, count }: Position, start: LogPlace | null): LogPlace {
  if (id !== FIRST_ID) return { id, count: numberOrNull(count) };
  return count === undefined ? OLDEST : (start ?? FIRST_PLACE);
}

/** Whether an entry was deleted by itself after a place: from the last such one on none is missing. */
const hasHoleAfter = ({ id }: LogPlace, { state }: LogPage): boolean =>
  state !== null && compareIds(state.deletedId, id) > 0;

/** Whether a page shows that the stream is no longer the one that had a place; false where it can't tell. */
const isOver = (place: LogPlace, from: LogPlace, page: LogPage): boolean =>
  !page.isCut &&
  compareIds(from.id, place.id) <= 0 &&
  followPlace(place, { ...page, entries: page.entries.filter(({ id }) => compareIds(id, place.id) >= 0) }) ===
    "OTHER_HISTORY";

const numberOrNull = (count: number | null | undefined): number | null =>
  count == null || Number.isNaN(count) ? null : count;
