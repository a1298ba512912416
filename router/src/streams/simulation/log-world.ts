import { compareIds, FIRST_ID, type WindowEntry } from "@mib/stream-window/layout";
import { createLogger } from "@mib/service/log";
import { entryFormat } from "../redis-log/entry-format.ts";
import type { LogEntry, LogPage } from "../redis-log/log-page.ts";
import type { LogListener, LogStore, Watched } from "../redis-log/log-store.ts";
import { RedisLogSource } from "../redis-log/redis-log-source.ts";
import { CURRENT_EPOCH, type Position } from "../stream-source.ts";
import { CHANNELS, ENTRIES_MAX, ENTRIES_MAX_LONG, World, type Faults } from "./world.ts";

/** A Redis stream, with what XINFO STREAM tells of it. */
interface Log {
  entries: LogEntry[];
  lastId: string;
  deletedId: string;
  added: number;
  /** Which of the channel's events it has had: what they were when the state was saved. */
  indexes: readonly number[];
}

const KEY = "{topic}/{channel}";

/**
 * Streams that are filled by XADD, deleted, trimmed, and gone back with Redis to what it had saved: the source's own modules run
 * on them. Trimming and histories that end are not tried together: a stream that began anew and has trimmed just as many as a
 * position's number is taken for the old one (decision 12).
 */
export class LogWorld extends World implements LogStore {
  readonly history = null;
  readonly source: RedisLogSource;
  readonly #logs = new Map<string, Log>();
  readonly #saved = new Map<string, Log[]>(CHANNELS.map((channel) => [channel, []]));
  readonly #over = new Set<string>();
  readonly #forgotten = new Set<string>();
  readonly #epochOf = new Map<string, string>();
  readonly #times = new Map<string, number>();
  readonly #watched = new Set<Watched>();
  readonly #busy = new Set<Watched>();
  readonly #endsHistories: boolean;
  readonly #entriesMax: number;
  readonly #asked: (() => void)[] = [];
  readonly #answered: (() => void)[] = [];
  #listener!: LogListener;
  #isLooking = false;
  #histories = 0;

  constructor(seed: number, faults: Faults) {
    super(seed, faults);
    this.#endsHistories = faults.changeEpoch || faults.loseData;
    this.#entriesMax = faults.loseEntries && !this.#endsHistories ? ENTRIES_MAX : ENTRIES_MAX_LONG;
    this.source = new RedisLogSource(this, {
      format: entryFormat({ key: KEY, valueField: "value" }),
      log: createLogger("simulation"),
    });
    this.source.start({
      subscribed: (topic, channel) => this.hub.subscribed(topic, channel),
      message: (topic, channel, entry) => this.hub.message(topic, channel, entry),
      lost: () => this.hub.lost(),
    });
    this.#listener.there();
  }

  start(listener: LogListener): void {
    this.#listener = listener;
  }

  override get losesEntries(): boolean {
    return super.losesEntries || this.#endsHistories;
  }

  read(key: string, fromId: string, limit: number): Promise<LogPage> {
    return this.answer(() => {
      const log = this.#logs.get(channelOf(key));
      const from = (log?.entries ?? []).filter(({ id }) => compareIds(id, fromId) >= 0).slice(0, limit + 1);
      const state = log && {
        length: log.entries.length,
        firstId: log.entries[0]?.id ?? null,
        lastId: log.lastId,
        deletedId: log.deletedId,
        added: log.added,
        last: log.entries.at(-1) ?? null,
      };
      return { state: state ?? null, entries: from, isCut: from.length > limit };
    });
  }

  /** One connection: reads are answered in the order in which they were asked. */
  protected override answer<Value>(read: () => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#asked.push(() => {
        const isRefused = !this.connected || (this.dropping && this.random(12) === 0);
        const value = isRefused ? null : read();
        this.#answered.push(() => (isRefused ? reject(new Error("away")) : resolve(value as Value)));
        this.actions.push(() => this.#answered.shift()!());
      });
      this.actions.push(() => this.#asked.shift()!());
    });
  }

  watch(watched: Watched): void {
    this.#watched.add(watched);
  }

  unwatch(watched: Watched): void {
    this.#watched.delete(watched);
  }

  moved(): void {
    this.#lookLater();
  }

  /** A wait ends some time after a stream has news. */
  #lookLater(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.actions.push(() => {
      this.#isLooking = false;
      if (this.connected) for (const watched of this.#watched) this.#look(watched);
    });
  }

  #look(watched: Watched): void {
    const log = this.#logs.get(channelOf(watched.key));
    if (watched.at === null || log === undefined || this.#busy.has(watched)) return;
    if (compareIds(log.lastId, watched.at.id) <= 0) return;
    this.#busy.add(watched);
    const lookAgain = () => {
      this.#busy.delete(watched);
      this.#lookLater();
    };
    this.#listener.news(watched).then(lookAgain, lookAgain);
  }

  positionOf({ id, count }: WindowEntry): Position {
    return { epoch: CURRENT_EPOCH, id, count };
  }

  isOver(channel: string): boolean {
    return this.#over.has(channel);
  }

  mayGoBack(channel: string): boolean {
    return this.#over.has(channel);
  }

  /** Where several are deleted here and there, Redis only tells of the last place. */
  override get misplacesGaps(): boolean {
    return this.losingEntries;
  }

  isForgotten(channel: string, index: number): boolean {
    return this.#forgotten.has(`${channel} ${index}`);
  }

  headOf(channel: string): number {
    return this.#logs.get(channel)?.indexes.at(-1) ?? -1;
  }

  disconnect(): void {
    if (!this.connected) return;
    this.connected = false;
    this.#listener.lost();
  }

  reconnect(): void {
    if (this.connected) return;
    this.connected = true;
    this.#listener.there();
    this.#lookLater();
  }

  publish(channel: string): void {
    const truth = this.truth.get(channel)!;
    const log = this.#logs.get(channel) ?? this.#newLog(channel);
    const time = (this.#times.get(channel) ?? 0) + 1 + this.random(3);
    this.#times.set(channel, time);
    // Ids of different histories differ, whatever the clock says, and none is just below another.
    const id = `${time}-${2 * this.#histories}`;
    const value = JSON.stringify({ channel, index: truth.length });
    log.added += 1;
    const epoch = this.#epochOf.get(channel)!;
    const facts = { epoch, prev: log.lastId, count: log.added, brokerTimeMs: 0, traceparent: null };
    truth.push({ ...facts, id, value });
    log.entries.push({ id, fields: ["value", value] });
    log.lastId = id;
    log.indexes = [...log.indexes, truth.length - 1];
    if (log.entries.length > this.#entriesMax) log.entries.shift();
    if (this.random(4) === 0) this.#saved.get(channel)!.push({ ...log, entries: [...log.entries] });
    this.published += 1;
    this.#lookLater();
  }

  #newLog(channel: string): Log {
    const log = { entries: [], lastId: FIRST_ID, deletedId: FIRST_ID, added: 0, indexes: [] };
    this.#logs.set(channel, log);
    this.#beginHistory(channel);
    return log;
  }

  #beginHistory(channel: string): void {
    this.#histories += 1;
    this.#epochOf.set(channel, this.newEpoch());
  }

  /** Redis comes back with nothing, or with what it had saved at some time. */
  loseData(): void {
    this.dataLost = true;
    this.disconnect();
    for (const channel of CHANNELS) {
      const log = this.#logs.get(channel);
      if (log === undefined) continue;
      const saved = this.#saved.get(channel)!;
      const kept = saved[this.random(saved.length + 1)];
      this.#endHistory(channel);
      this.#saved.set(channel, kept === undefined ? [] : saved.slice(0, saved.indexOf(kept) + 1));
      if (kept === undefined) continue;
      for (const index of log.indexes) if (!kept.indexes.includes(index)) this.#forgotten.add(`${channel} ${index}`);
      this.#logs.set(channel, { ...kept, entries: [...kept.entries] });
      this.#beginHistory(channel);
    }
  }

  changeEpoch(channel: string): void {
    if (!this.#logs.has(channel)) return;
    this.#endHistory(channel);
    this.#saved.set(channel, []);
    if (this.random(3) === 0) this.#times.set(channel, 0);
    if (this.random(2) === 0) this.publish(channel);
  }

  #endHistory(channel: string): void {
    this.#over.add(channel);
    this.#logs.delete(channel);
  }

  loseEntry(channel: string): void {
    const log = this.#logs.get(channel);
    if (log === undefined || log.entries.length < 3) return;
    const [deleted] = log.entries.splice(this.random(log.entries.length - 1), 1);
    if (compareIds(deleted!.id, log.deletedId) > 0) log.deletedId = deleted!.id;
  }

  override heal(): void {
    super.heal();
    for (const channel of CHANNELS)
      if (this.headOf(channel) < this.truth.get(channel)!.length - 1) this.publish(channel);
  }
}

const channelOf = (key: string): string => key.slice(key.indexOf("/") + 1);
