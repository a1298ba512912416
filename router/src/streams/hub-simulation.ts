import { FIRST_ID, type WindowEntry } from "@mib/stream-window/layout";
import type { WindowSlice } from "@mib/stream-window/reader";
import type { Delivery } from "./delivery.ts";
import type { CodedError } from "@mib/service/coded-error";
import type { StreamSpec } from "./channel.ts";
import { Subscriber } from "./group.ts";
import { StreamHub } from "./hub.ts";
import { ResumeAdmission } from "./resume/resume-admission.ts";
import {
  mergeGaps,
  type Gap,
  type HubClock,
  type PastEvents,
  type Position,
  type StreamHistory,
  type StreamSource,
} from "./stream-source.ts";

/** What one run did: enough to see that it was no idle run. */
export interface SimulationReport {
  published: number;
  delivered: number;
  gaps: number;
  holes: number;
  /** Subscriptions that went on where an earlier one had ended, and those that could not. */
  recovered: number;
  notRecovered: number;
  problems: string[];
}

interface Faults {
  dropMessages: boolean;
  disconnect: boolean;
  loseData: boolean;
  changeEpoch: boolean;
  /** Windows lose entries that somebody still needs: by trimming, and here and there. */
  loseEntries: boolean;
}

const CHANNELS = ["a", "b", "c"];
/** So few that trimming takes entries which somebody still needs, and so many that it never does. */
const WINDOW_ENTRIES_MAX = 6;
const WINDOW_ENTRIES_MAX_LONG = 1_000;
/** So few that they wait for one another. */
const RESUMES_PER_SECOND_MAX = 20;
/** How many promise callbacks may follow one another in a step; the hub has at most six. */
const MICROTASKS = 12;

/** Numbers from a seed (mulberry32): the same seed makes the same run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

/** A store with windows and pub/sub that loses messages, connections, data and epochs, each when the seed says so. */
class World implements StreamSource, StreamHistory {
  readonly truth = new Map<string, WindowEntry[]>(CHANNELS.map((channel) => [channel, []]));
  readonly windows = new Map<string, { epoch: string; entries: WindowEntry[] } | null>(
    CHANNELS.map((channel) => [channel, null]),
  );
  readonly actions: (() => void)[] = [];
  readonly random: (below: number) => number;
  hub!: StreamHub;
  connected = true;
  dropping = false;
  losingEntries = false;
  /** Whether what a cursor needs may be gone: trimmed, lost here and there, or with all data. */
  get losesEntries(): boolean {
    return this.losingEntries || this.dataLost;
  }
  published = 0;
  /** The newest event of each channel that any subscriber got. */
  readonly seen = new Map<string, number>();
  dataLost = false;
  /** Channels whose windows are lost and not filled again yet. */
  readonly #lost = new Set<string>();
  #wanted = new Map<string, number>();
  #subscribedOnServer = new Set<string>();
  #inFlight: { channel: string; entry: WindowEntry; connection: number }[] = [];
  #connection = 0;
  #requests = 0;
  #epochs = 0;

  constructor(seed: number) {
    this.random = randomFrom(seed);
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

  /** Appends and publishes the next event of a channel; while its window is lost, that has to wait. */
  publish(channel: string): void {
    if (this.#lost.has(channel)) return;
    const truth = this.truth.get(channel)!;
    const window = this.windows.get(channel) ?? { epoch: truth.at(-1)?.epoch ?? this.#newEpoch(), entries: [] };
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
    if (window.entries.length > (this.losingEntries ? WINDOW_ENTRIES_MAX : WINDOW_ENTRIES_MAX_LONG))
      window.entries.shift();
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
    const kept = this.truth.get(channel)!.slice(-1 - this.random(WINDOW_ENTRIES_MAX));
    const epoch = kept.at(-1)!.epoch;
    const entries = kept.filter((entry) => entry.epoch === epoch).map((entry, i) => ({ ...entry, count: i + 1 }));
    this.windows.set(channel, { epoch, entries });
  }

  /** An entry disappears from the middle of a window. */
  loseEntry(channel: string): void {
    const window = this.windows.get(channel);
    if (window && window.entries.length > 2) window.entries.splice(this.random(window.entries.length - 1), 1);
  }

  changeEpoch(channel: string): void {
    if (this.#lost.has(channel)) return;
    this.windows.set(channel, { epoch: this.#newEpoch(), entries: [] });
    this.publish(channel);
  }

  #newEpoch(): string {
    this.#epochs += 1;
    return `epoch${this.#epochs}`;
  }

  readLast(_: string, channel: string): Promise<WindowEntry | null> {
    return this.#answer(channel, () => this.windows.get(channel)?.entries.at(-1) ?? null);
  }

  readAfter(_: string, channel: string, position: Position, limit: number): Promise<WindowSlice> {
    return this.#answer(channel, () => {
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

  /**
   * A read reaches the store some time after it was asked, and its answer comes some time after that. A window that is lost is
   * not taken for one of a channel without events.
   */
  #answer<Value>(channel: string, read: () => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.actions.push(() => {
        if (!this.connected || this.#lost.has(channel) || (this.dropping && this.random(12) === 0)) {
          reject(new Error("away"));
          return;
        }
        const value = read();
        this.actions.push(() => resolve(value));
      });
    });
  }
}

const order = (id: string): number => {
  const [high, low] = id.split("-").map(Number);
  return high! * 10 + low!;
};

/** A subscriber that notes what it got and complains about what it should not have got. */
class Witness extends Subscriber {
  readonly spec: StreamSpec;
  readonly #world: World;
  readonly #problems: string[];
  readonly #report: SimulationReport;
  readonly #lastIndex = new Map<string, number>();
  /** Goes on after this event of its one channel, or begins with the oldest that is kept. */
  readonly #after: number | "start" | null;
  readonly #seenAtOpen: Map<string, number>;
  #headAtStart: Map<string, number> | null = null;
  readonly #dataLostAtOpen: boolean;
  readonly #headAtOpen: Map<string, number>;
  closed = false;
  failed = false;
  leave: () => void = () => {};

  constructor(world: World, spec: StreamSpec, report: SimulationReport, after: number | "start" | null) {
    super();
    this.#after = after;
    const channel = spec.channels[0]!;
    if (after === "start") {
      this.resume = "start";
      // All events are kept: the first is the one that it begins with.
      if (!world.losesEntries) this.#lastIndex.set(channel, -1);
    } else if (after !== null) {
      this.#lastIndex.set(channel, after);
      const { epoch, id } = world.truth.get(channel)![after]!;
      this.resume = { epoch, id };
    }
    this.#world = world;
    this.spec = spec;
    this.#problems = report.problems;
    this.#report = report;
    this.#seenAtOpen = new Map(world.seen);
    this.#dataLostAtOpen = world.dataLost;
    this.#headAtOpen = heads(world);
  }

  started(): void {
    if (this.#headAtStart) this.#complain("was started twice");
    this.#headAtStart = heads(this.#world);
  }

  /** The last event that it got of its one channel. */
  get lastSeen(): number | null {
    const last = this.#lastIndex.get(this.spec.channels[0]!);
    return last === undefined || last < 0 ? null : last;
  }

  /** It wants nothing that was before it. */
  get #beginsAnew(): boolean {
    return this.spec.delivery === "EVERY" && this.spec.snapshot === "NONE" && this.#after === null;
  }

  override get connection(): object {
    return this.#world;
  }

  get isFull(): boolean {
    return this.#world.random(10) === 0;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.#world.actions.push(resolve));
  }

  fail(error: CodedError): void {
    this.failed = true;
    this.#report.notRecovered += 1;
    // A slow one ends for either reason.
    const reason =
      error.code === "SLOW_CONSUMER" ? (this.#world.losesEntries ? "too_far" : "epoch") : error.details["reason"];
    const channel = this.spec.channels[0]!;
    const truth = this.#world.truth.get(channel)!;
    const epoch = truth[this.#lastIndex.get(channel) ?? 0]?.epoch;
    const isOver = truth.some((entry) => entry.epoch !== epoch);
    if (reason === "epoch" && !isOver) this.#complain("was told that its epoch is over");
    if (reason === "too_far" && !this.#world.losesEntries) this.#complain("was told that it came too late");
    this.leave();
    this.closed = true;
  }

  ended(): void {
    this.#complain("was told that its stream is over");
  }

  deliver(delivery: Delivery): boolean {
    const { note } = this;
    this.note = null;
    this.sent = delivery.cursor;
    if (note?.recovered) this.#report.recovered += 1;
    if (this.closed) this.#complain("got something after it had left");
    this.#report.delivered += 1;
    const { data, extensions } = JSON.parse(delivery.text) as {
      data: { channel: string; index: number };
      extensions?: { stream: { gap?: Gap; conflated?: number } };
    };
    const { channel, index } = data;
    const gap = mergeGaps(note?.gap ?? null, extensions?.stream.gap ?? null);
    const last = this.#lastIndex.get(channel);
    if (last !== undefined && index <= last) this.#complain(`got ${channel}:${index} after ${last}`);
    if (this.fromLast && last === undefined && index < this.#headAtOpen.get(channel)!)
      this.#complain(`went on with ${channel}:${index}, ${this.#headAtOpen.get(channel)} was the newest`);
    if (this.spec.delivery === "EVERY") this.#checkEvery(channel, index, last, gap);
    else if (gap) this.#complain("a LATEST subscription was told of a gap");
    const seen = this.#seenAtOpen.get(channel) ?? -1;
    if (last === undefined && this.#beginsAnew && index <= seen)
      this.#complain(`began with ${channel}:${index}, which others had before it came`);
    if (last === undefined && this.spec.snapshot === "LAST" && this.#after === null && index < seen)
      this.#complain(`began with ${channel}:${index}, others had ${seen}`);
    // One that catches up by itself may be ahead of the others.
    if (this.resume === null) this.#world.seen.set(channel, Math.max(index, this.#world.seen.get(channel) ?? -1));
    this.#lastIndex.set(channel, index);
    return true;
  }

  #checkEvery(channel: string, index: number, last: number | undefined, gap: Gap | null): void {
    if (gap) this.#report.gaps += 1;
    if (last === undefined) {
      const start = this.#headAtStart?.get(channel);
      if (start === undefined && this.spec.snapshot === "NONE" && this.#after === null)
        this.#complain(`got ${channel}:${index} before it was started`);
      // Of a channel without any event, nobody can tell that it had an epoch before the one that is found later.
      const untold =
        !this.#seenAtOpen.has(channel) &&
        this.#world.truth.get(channel)![index]!.epoch !== this.#world.truth.get(channel)![0]!.epoch;
      if (!gap && !untold && start !== undefined && index > start + 1)
        this.#complain(`began with ${channel}:${index}, ${start} was the last at its start`);
      return;
    }
    const missed = index - last - 1;
    if (missed > 0 && !gap) this.#complain(`missed ${missed} before ${channel}:${index} in silence`);
    const countable = !this.#world.dataLost && !this.#dataLostAtOpen;
    if (gap && gap.count !== null && countable && gap.count !== missed)
      this.#complain(`was told of ${gap.count} missed, it were ${missed}`);
    if (gap && gap.count !== null && missed === 0)
      this.#complain(`was told of a gap where none is, before ${channel}:${index}`);
  }

  /** What it is told to have had, it has had. */
  checkHead(): void {
    const head = this.closed ? null : this.group!.headFor(this);
    if (head !== null && head !== this.sent) this.#complain(`was told of ${head.text}, it had ${this.sent?.text}`);
  }

  /** After everything has settled: the newest event of each channel was delivered. */
  checkEnd(): void {
    if (this.closed) return;
    if (this.spec.delivery === "EVERY" && this.group!.headFor(this) !== this.sent)
      this.#complain("was not told of its newest event");
    if (!this.#headAtStart) return this.#complain("was never started");
    for (const channel of this.spec.channels) {
      if (this.#after !== null) {
        const last = this.#world.truth.get(channel)!.length - 1;
        if (this.#lastIndex.get(channel) !== last)
          this.#complain(`ended at ${channel}:${this.#lastIndex.get(channel)} after a resume, the last is ${last}`);
        continue;
      }
      const head = this.#world.truth.get(channel)!.length - 1;
      const expected = this.spec.snapshot === "LAST" ? head >= 0 : head > this.#headAtStart.get(channel)!;
      const last = this.#lastIndex.get(channel);
      if (expected && last !== head) this.#complain(`ended at ${channel}:${last}, the last is ${head}`);
    }
  }

  #complain(what: string): void {
    this.#problems.push(`${this.spec.key}: ${what}`);
  }
}

const heads = (world: World): Map<string, number> =>
  new Map(CHANNELS.map((channel) => [channel, world.truth.get(channel)!.length - 1]));

/** Runs the hub through one schedule. A run is repeated by its seed. */
export async function simulateHub(seed: number, faults: Faults, { steps = 160 } = {}): Promise<SimulationReport> {
  const world = new World(seed);
  const { random } = world;
  const report: SimulationReport = {
    published: 0,
    delivered: 0,
    gaps: 0,
    holes: 0,
    recovered: 0,
    notRecovered: 0,
    problems: [],
  };
  const nothing = () => {};
  const clock: HubClock = { after: (_, action) => (world.actions.push(action), nothing) };
  const admission = new ResumeAdmission(clock, {
    resumesPerSecondMax: RESUMES_PER_SECOND_MAX,
    resumesWaitingMax: 1_000,
  });
  const hub = new StreamHub({
    source: world,
    history: world,
    clock,
    admission,
    limits: {
      queueMax: 1_000,
      executionsMax: 1 + random(3),
      channelBufferMax: 3 + random(20),
      replayEventsMax: 1_000,
    },
    observer: {
      executed: nothing,
      delivered: nothing,
      conflated: nothing,
      gap: nothing,
      resumed: nothing,
      fellBehind: nothing,
      replayed: nothing,
      duplicate: nothing,
      epochChanged: nothing,
      hole: () => void (report.holes += 1),
    },
  });
  world.hub = hub;
  world.dropping = faults.dropMessages;
  world.losingEntries = faults.loseEntries;
  const witnesses: Witness[] = [];

  const subscribe = (spec: StreamSpec, after: number | "start" | "last" | null) => {
    const witness = new Witness(world, spec, report, after === "last" ? null : after);
    witness.fromLast = after === "last";
    witnesses.push(witness);
    witness.leave = hub.open(spec, witness);
  };
  /** Goes on where one that has left ended. */
  const resume = () => {
    const witness = witnesses[random(witnesses.length)];
    if (!witness?.closed) return;
    if (witness.spec.delivery === "LATEST") subscribe(witness.spec, "last");
    else if (witness.lastSeen !== null) subscribe(witness.spec, witness.lastSeen);
  };
  const open = () => {
    const delivery = random(2) === 0 ? "EVERY" : "LATEST";
    const snapshot = random(2) === 0 ? "LAST" : "NONE";
    const channels = delivery === "EVERY" ? [CHANNELS[random(3)]!] : CHANNELS.filter(() => random(2) === 0);
    if (channels.length === 0) return;
    const selfContained = random(2) === 0;
    const spec: StreamSpec = {
      key: `${delivery} ${snapshot} ${channels.join()} ${selfContained}`,
      topic: "t",
      channels,
      filters: [],
      delivery,
      snapshot,
      selfContained,
      cursor: ({ epoch, id }) => `${epoch} ${id}`,
      execute: (payload) =>
        new Promise((resolve) => world.actions.push(() => resolve(`{"data":${JSON.stringify(payload)}}`))),
    };
    subscribe(spec, delivery === "EVERY" && random(4) === 0 ? "start" : null);
  };
  const close = () => {
    const witness = witnesses[random(witnesses.length)];
    if (!witness || witness.closed) return;
    witness.leave();
    witness.closed = true;
  };
  const runOne = () => {
    if (world.actions.length === 0) return;
    // Messages keep their order by themselves (see publish); everything else may overtake.
    world.actions.splice(random(world.actions.length), 1)[0]!();
  };

  for (let step = 0; step < steps; step++) {
    const dice = random(100);
    if (dice < 25) world.publish(CHANNELS[random(3)]!);
    else if (dice < 33) open();
    else if (dice < 38) close();
    else if (dice < 46) resume();
    else if (dice < 48 && faults.disconnect) world.disconnect();
    else if (dice < 52) world.reconnect();
    else if (dice < 53 && faults.loseData) world.loseData();
    else if (dice < 54 && faults.changeEpoch) world.changeEpoch(CHANNELS[random(3)]!);
    else if (dice < 56 && faults.loseEntries) world.loseEntry(CHANNELS[random(3)]!);
    else if (dice < 57) hub.verify();
    else runOne();
    await settle();
    for (const witness of witnesses) witness.checkHead();
  }
  // Heal, and let everything come to rest: what is then missing is lost.
  world.dropping = false;
  world.reconnect();
  for (let round = 0; round < 4; round++) {
    for (let budget = 0; world.actions.length > 0; budget++) {
      if (budget > 20_000) {
        report.problems.push("never comes to rest");
        return report;
      }
      runOne();
      await settle();
      for (const witness of witnesses) witness.checkHead();
    }
    hub.verify();
    await settle();
  }
  for (const witness of witnesses) witness.checkEnd();
  for (const witness of witnesses) if (!witness.closed) witness.leave();
  if (hub.channelCount !== 0 || hub.groupCount !== 0 || admission.waitingCount !== 0)
    report.problems.push("keeps channels, groups or resumes that nobody listens to");
  report.published = world.published;
  return report;
}

async function settle(): Promise<void> {
  for (let i = 0; i < MICROTASKS; i++) await Promise.resolve();
}
