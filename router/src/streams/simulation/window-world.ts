import { FIRST_ID, type WindowEntry } from "@mib/stream-window/layout";
import type { WindowSlice } from "@mib/stream-window/reader";
import type { PastEvents, Position, StreamHistory, StreamSource } from "../stream-source.ts";
import { CHANNELS, ENTRIES_MAX, ENTRIES_MAX_LONG, World } from "./world.ts";

/** Windows and pub/sub, as the relay fills them. */
export class WindowWorld extends World implements StreamSource, StreamHistory {
  readonly source = this;
  readonly history = this;
  readonly windows = new Map<string, { epoch: string; entries: WindowEntry[] } | null>(
    CHANNELS.map((channel) => [channel, null]),
  );
  /** Channels whose windows are lost and not filled again yet. */
  readonly #lost = new Set<string>();
  #wanted = new Map<string, number>();
  #subscribedOnServer = new Set<string>();
  #inFlight: { channel: string; entry: WindowEntry; connection: number }[] = [];
  #connection = 0;
  #requests = 0;

  positionOf({ epoch, id }: WindowEntry): Position {
    return { epoch, id };
  }

  isOver(channel: string, index: number): boolean {
    const truth = this.truth.get(channel)!;
    return truth.some(({ epoch }) => epoch !== truth[index]?.epoch);
  }

  mayGoBack(): boolean {
    return false;
  }

  isForgotten(): boolean {
    return false;
  }

  headOf(channel: string): number {
    return this.truth.get(channel)!.length - 1;
  }

  subscribe(_: string, channel: string): void {
    this.#requests += 1;
    this.#wanted.set(channel, this.#requests);
    if (this.connected) this.#ask(channel, this.#requests);
  }

  #ask(channel: string, request: number): void {
    const connection = this.#connection;
    this.actions.push(() => {
      if (connection !== this.#connection || this.#wanted.get(channel) !== request) return;
      this.#subscribedOnServer.add(channel);
      this.actions.push(() => {
        if (connection === this.#connection && this.#wanted.get(channel) === request) this.hub.subscribed("t", channel);
      });
    });
  }

  unsubscribe(_: string, channel: string): void {
    this.#wanted.delete(channel);
    this.#subscribedOnServer.delete(channel);
  }

  disconnect(): void {
    if (!this.connected) return;
    this.connected = false;
    this.#connection += 1;
    this.#subscribedOnServer.clear();
    this.#inFlight = [];
    this.hub.lost();
  }

  reconnect(): void {
    if (this.connected) return;
    this.connected = true;
    for (const [channel, request] of this.#wanted) this.#ask(channel, request);
  }

  /** While its window is lost, that has to wait. */
  publish(channel: string): void {
    if (this.#lost.has(channel)) return;
    const truth = this.truth.get(channel)!;
    const window = this.windows.get(channel) ?? { epoch: truth.at(-1)?.epoch ?? this.newEpoch(), entries: [] };
    this.windows.set(channel, window);
    const before = window.entries.at(-1) ?? (truth.at(-1)?.epoch === window.epoch ? truth.at(-1) : undefined);
    const entry: WindowEntry = {
      epoch: window.epoch,
      id: `${Number(before?.id.split("-")[0] ?? 0) + 1 + this.random(3)}-${this.random(2)}`,
      prev: before?.id ?? FIRST_ID,
      count: (window.entries.at(-1)?.count ?? (this.dataLost ? 0 : (before?.count ?? 0))) + 1,
      brokerTimeMs: 0,
      traceparent: null,
      value: JSON.stringify({ channel, index: truth.length }),
    };
    truth.push(entry);
    window.entries.push(entry);
    if (window.entries.length > (this.losingEntries ? ENTRIES_MAX : ENTRIES_MAX_LONG)) window.entries.shift();
    this.published += 1;
    if (!this.#subscribedOnServer.has(channel) || (this.dropping && this.random(4) === 0)) return;
    const message = { channel, entry, connection: this.#connection };
    this.#inFlight.push(message);
    // Messages of one connection arrive in order: an arrival takes the oldest, whichever it was scheduled for.
    this.actions.push(() => {
      const oldest = this.#inFlight.shift();
      if (oldest && oldest.connection === this.#connection) this.hub.message("t", oldest.channel, oldest.entry);
    });
  }

  /** The store loses everything; what Kafka has is filled in again later without being published. */
  loseData(): void {
    this.dataLost = true;
    this.disconnect();
    for (const channel of CHANNELS) {
      this.windows.set(channel, null);
      if (this.truth.get(channel)!.length === 0 || this.#lost.has(channel)) continue;
      this.#lost.add(channel);
      this.actions.push(() => this.#refill(channel));
    }
  }

  #refill(channel: string): void {
    this.#lost.delete(channel);
    const kept = this.truth.get(channel)!.slice(-1 - this.random(ENTRIES_MAX));
    const epoch = kept.at(-1)!.epoch;
    const entries = kept.filter((entry) => entry.epoch === epoch).map((entry, i) => ({ ...entry, count: i + 1 }));
    this.windows.set(channel, { epoch, entries });
  }

  loseEntry(channel: string): void {
    const window = this.windows.get(channel);
    if (window && window.entries.length > 2) window.entries.splice(this.random(window.entries.length - 1), 1);
  }

  changeEpoch(channel: string): void {
    if (this.#lost.has(channel)) return;
    this.windows.set(channel, { epoch: this.newEpoch(), entries: [] });
    this.publish(channel);
  }

  readLast(_: string, channel: string): Promise<WindowEntry | null> {
    return this.#answerOf(channel, () => this.windows.get(channel)?.entries.at(-1) ?? null);
  }

  readAfter(_: string, channel: string, position: Position, limit: number): Promise<WindowSlice> {
    return this.#answerOf(channel, () => {
      const window = this.windows.get(channel);
      const head = window?.entries.at(-1) ?? null;
      if (!window) return { epoch: null, entries: [], complete: false, head };
      if (window.epoch !== position.epoch) return { epoch: window.epoch, entries: [], complete: false, head };
      const after = window.entries.filter((entry) => order(entry.id) > order(position.id)).slice(0, limit);
      const broken = after.findIndex((entry, i) => i > 0 && entry.prev !== after[i - 1]!.id);
      const entries = broken < 0 ? after : after.slice(0, broken);
      const first = entries[0];
      const complete = first ? order(first.prev) <= order(position.id) : window.entries.length > 0;
      return { epoch: window.epoch, entries, complete, head };
    });
  }

  /** A window that is lost is not taken for one of a channel without events. */
  #answerOf<Value>(channel: string, read: () => Value): Promise<Value> {
    return this.answer(read, () => this.#lost.has(channel));
  }

  /** What windows lose, history has, as long as the log behind it reaches back. */
  between(
    { name }: { name: string },
    after: Position,
    before: WindowEntry,
    eventsMax: number,
  ): Promise<PastEvents | null> {
    const all = this.truth.get(name)!.filter(({ epoch }) => epoch === after.epoch);
    const events = all.filter(({ id }) => order(id) > order(after.id) && order(id) < order(before.id));
    const isThere = this.random(4) > 0 && events.length <= eventsMax;
    return new Promise((resolve) => this.actions.push(() => resolve(isThere ? { events, release: () => {} } : null)));
  }
}

const order = (id: string): number => {
  const [high, low] = id.split("-").map(Number);
  return high! * 10 + low!;
};
