/**
 * Tick 6/8: from a message of Redis to the groups of subscribers that want it, with nothing missed in silence.
 *
 * Pub/sub delivers at most once, so every message is compared with what was handed on before it (`prev`): a hole is closed
 * from the channel's window or from history, or told to the subscribers as a gap. The hub has no I/O of its own.
 */
import { CodedError } from "@mib/service/coded-error";
import { FIRST_ID, type WindowEntry } from "@mib/stream-window/layout";
import { Channel, type ChannelPosition, missedBetween, relationTo, startOf, type StreamSpec } from "./channel.ts";
import { passes } from "./filter-index.ts";
import { Group, type GroupLimits, type GroupObserver, type Subscriber } from "./group.ts";
import type { NotRecovered } from "./resume/cursor-scope.ts";
import { notRecovered } from "./resume/not-recovered.ts";
import { replay, type ReplayOutcome } from "./resume/replay.ts";
import type { ResumeAdmission } from "./resume/resume-admission.ts";
import { WindowReads } from "./resume/window-reads.ts";
import { StreamEvent } from "./stream-event.ts";
import type { Gap, HubClock, StreamHistory, StreamSource } from "./stream-source.ts";

export interface HubLimits extends GroupLimits {
  /** Messages kept per channel while its window is read. */
  channelBufferMax: number;
  /** Events that one subscriber may be given to catch up. */
  replayEventsMax: number;
}

export interface HubObserver extends GroupObserver {
  duplicate(): void;
  hole(): void;
  epochChanged(): void;
  /** A subscriber that catches up was handed a past event. */
  replayed(): void;
  /** A subscriber wanted to go on with its stream, and could or could not; refused: too many wanted to at once. */
  resumed(verdict: "recovered" | "refused" | NotRecovered): void;
}

/** Entries of a window that one read asks for. */
const READ_ENTRIES_MAX = 500;
const RETRY_MS = 250;

export class StreamHub {
  readonly #source: StreamSource;
  readonly #reads: WindowReads;
  readonly #history: StreamHistory | null;
  readonly #clock: HubClock;
  readonly #limits: HubLimits;
  readonly #observer: HubObserver;
  readonly #admission: ResumeAdmission;
  readonly #channels = new Map<string, Channel>();
  readonly #groups = new Map<string, Group<StreamSpec>>();
  #arrivals = 0;

  constructor({
    source,
    history,
    clock,
    admission,
    limits,
    observer,
  }: {
    source: StreamSource;
    /** Null where what a window no longer has is lost. */
    history: StreamHistory | null;
    clock: HubClock;
    /** Lets those begin to catch up who come back; hubs may share it. */
    admission: ResumeAdmission;
    limits: HubLimits;
    observer: HubObserver;
  }) {
    this.#source = source;
    this.#reads = new WindowReads(source);
    this.#history = history;
    this.#clock = clock;
    this.#limits = limits;
    this.#observer = observer;
    this.#admission = admission;
  }

  get groupCount(): number {
    return this.#groups.size;
  }

  get channelCount(): number {
    return this.#channels.size;
  }

  /** How many events these channels have in a second, of late; 0 of those that nobody here listens to. */
  eventsPerSecond(topic: string, names: readonly string[]): number {
    const now = Date.now();
    return names.reduce((sum, name) => sum + (this.#channels.get(keyOf(topic, name))?.rate.perSecond(now) ?? 0), 0);
  }

  /** Adds a subscriber to the group that `spec` describes; it is told when it hears every channel. Returns how to leave. */
  open(spec: StreamSpec, subscriber: Subscriber): () => void {
    let group = this.#groups.get(spec.key);
    if (!group) this.#groups.set(spec.key, (group = this.#newGroup(spec)));
    const isNew = group.subscribers.size === 0;
    group.subscribers.add(subscriber);
    if (spec.cursor !== null) subscriber.group = group;
    subscriber.missing = new Set(spec.channels.map((name) => keyOf(spec.topic, name)));
    for (const name of spec.channels) {
      const channel = this.#channel(spec.topic, name);
      if (isNew) {
        channel.groups.add(group, group.spec.filters);
        if (spec.delivery === "EVERY") channel.everyGroups += 1;
      }
      if (channel.state === "LIVE" && !subscriber.fromLast) this.#join(channel, group, subscriber);
      else this.#joinLater(channel, group, subscriber);
    }
    if (spec.channels.length === 0) subscriber.started();
    return this.#leaver(group, subscriber);
  }

  /** Who comes back may have had newer values from another router: this one may be behind, and only a read shows it. */
  #joinLater(channel: Channel, group: Group<StreamSpec>, subscriber: Subscriber): void {
    const fromRead = subscriber.fromLast ? channel.readNumber + 1 : 0;
    channel.waiting.set(subscriber, { group, fromRead });
    if (channel.state === "LIVE") this.#read(channel);
  }

  /** Holds nothing else: it lives as long as the subscriber, and its spec is only needed while it is opened. */
  #leaver(group: Group<StreamSpec>, subscriber: Subscriber): () => void {
    return () => this.#leave(group, subscriber);
  }

  #newGroup(spec: StreamSpec): Group<StreamSpec> {
    const group: Group<StreamSpec> = new Group(spec, {
      limits: this.#limits,
      observer: this.#observer,
      behind: (subscriber) => void this.#giveLater(group, subscriber),
    });
    return group;
  }

  /** No message of the channel that is published from now on is missed: time to see what was before. */
  subscribed(topic: string, name: string): void {
    const channel = this.#channels.get(keyOf(topic, name));
    if (channel) this.#read(channel);
  }

  /** Messages may be missed from now on, of all channels or of `only` one, until `subscribed` is called for each again. */
  lost(only?: { topic: string; channel: string }): void {
    const lost = only ? [this.#channels.get(keyOf(only.topic, only.channel))] : this.#channels.values();
    for (const channel of lost) {
      if (!channel) continue;
      channel.state = "SUBSCRIBING";
      channel.buffer = [];
      channel.readNumber += 1;
    }
  }

  /** A message of a channel, as it was published. */
  message(topic: string, name: string, entry: WindowEntry): void {
    const channel = this.#channels.get(keyOf(topic, name));
    if (!channel) return;
    channel.quietSinceVerified = false;
    this.#arrivals += 1;
    if (channel.state === "LIVE") {
      if (!this.#take(channel, entry)) {
        this.#observer.hole();
        channel.buffer.push({ entry, arrival: this.#arrivals });
        this.#read(channel);
      }
    } else if (channel.state !== "SUBSCRIBING") {
      if (channel.buffer.length < this.#limits.channelBufferMax)
        channel.buffer.push({ entry, arrival: this.#arrivals });
      else channel.bufferOverflowed = true;
    }
  }

  /** Compares channels that were quiet since the last time with their windows: a lost message has no successor there to tell. */
  verify(): void {
    for (const channel of this.#channels.values()) {
      if (channel.state === "LIVE" && channel.quietSinceVerified) this.#read(channel);
      channel.quietSinceVerified = true;
    }
  }

  #channel(topic: string, name: string): Channel {
    const key = keyOf(topic, name);
    let channel = this.#channels.get(key);
    if (!channel) {
      this.#channels.set(key, (channel = new Channel(key, topic, name)));
      this.#source.subscribe(topic, name);
    }
    return channel;
  }

  #leave(group: Group<StreamSpec>, subscriber: Subscriber): void {
    if (!group.subscribers.delete(subscriber)) return;
    if (subscriber.connection !== null) this.#admission.leave(subscriber, subscriber.connection);
    const { topic, channels, delivery, key } = group.spec;
    for (const name of channels) {
      const channel = this.#channels.get(keyOf(topic, name));
      if (!channel) continue;
      channel.waiting.delete(subscriber);
      if (group.subscribers.size > 0) continue;
      channel.groups.delete(group);
      if (delivery === "EVERY") channel.everyGroups -= 1;
      if (channel.groups.size > 0) continue;
      channel.readNumber += 1;
      this.#channels.delete(channel.key);
      this.#source.unsubscribe(topic, name);
    }
    if (group.subscribers.size === 0) this.#groups.delete(key);
  }

  /** Hands an entry on if it follows what was handed on before, or is known already. False: something lies between. */
  #take(channel: Channel, entry: WindowEntry): boolean {
    const everyEvent = channel.everyGroups > 0;
    if (everyEvent) channel.position ??= startOf(entry.epoch);
    const relation = channel.position === null ? "NEXT" : relationTo(channel.position, entry);
    // Which of two epochs is the current one, only the window can tell: a message may come late.
    if (relation === "OTHER_EPOCH" || (relation === "HOLE" && everyEvent)) return false;
    if (relation === "KNOWN") this.#observer.duplicate();
    else this.#handOn(channel, entry, relation === "HOLE" ? (missedBetween(channel.position!, entry) ?? 0) : 0);
    return true;
  }

  #changeEpoch(channel: Channel, epoch: string): void {
    this.#observer.epochChanged();
    this.#noteGap(channel, { count: null, reason: "epoch" });
    channel.position = { ...startOf(epoch), count: 0 };
    // Who joins now begins in the new epoch.
    channel.last = null;
  }

  #noteGap(channel: Channel, gap: Gap): void {
    for (const group of channel.groups.members()) group.noteGap(gap);
  }

  #handOn(channel: Channel, entry: WindowEntry, skipped: number): void {
    const event = new StreamEvent(channel, entry);
    channel.position = { epoch: entry.epoch, id: entry.id, count: entry.count };
    channel.last = event;
    channel.rate.note(Date.now());
    for (const group of channel.groups.match(() => event.payload)) group.push(event, skipped);
  }

  /** Reads what the window has beyond the position, then takes what came meanwhile, then is live. */
  #read(channel: Channel): void {
    channel.state = "READING";
    channel.readNumber += 1;
    const number = channel.readNumber;
    const arrivalsBefore = this.#arrivals;
    this.#readOnce(channel).then(
      (outcome) => {
        // The channel was left, lost or is read anew: this answer is of a life that is over.
        if (channel.readNumber === number) this.#afterRead(channel, outcome(), arrivalsBefore);
      },
      () => {
        if (channel.readNumber === number) this.#retry(channel);
      },
    );
  }

  #retry(channel: Channel): void {
    channel.state = "RETRYING";
    const number = channel.readNumber;
    this.#clock.after(RETRY_MS, () => {
      if (channel.readNumber === number && channel.state === "RETRYING") this.#read(channel);
    });
  }

  /** One read; its effect is a function, so that a read that was given up has none. */
  async #readOnce(channel: Channel): Promise<() => "MORE" | "PROGRESS" | "NOTHING"> {
    const { topic, name, position } = channel;
    if (channel.everyGroups === 0 || !channel.positionKnown || position === null) {
      const last = await this.#source.readLast(topic, name);
      return () => this.#afterLast(channel, last);
    }
    const { epoch, entries, complete, head } = await this.#source.readAfter(topic, name, position, READ_ENTRIES_MAX);
    const past = complete ? null : await this.#past(channel, position, entries[0]);
    return () => {
      if (channel.position === null || epoch === null) return "NOTHING";
      if (epoch !== channel.position.epoch) {
        this.#changeEpoch(channel, epoch);
        return "MORE";
      }
      const first = entries[0];
      if (past !== null) for (const entry of past) this.#handOn(channel, entry, 0);
      else if (!complete && first)
        this.#noteGap(channel, { count: missedBetween(channel.position, first), reason: "lost" });
      for (const entry of entries) this.#handOn(channel, entry, 0);
      // Beyond what was read there is more, or a hole and then more.
      if (first) return head?.id === entries.at(-1)!.id ? "PROGRESS" : "MORE";
      return "NOTHING";
    };
  }

  /** What lies between a position and what the window has; null where it is lost. Of a new epoch no event is known to go on from. */
  async #past(
    channel: Channel,
    position: ChannelPosition,
    first: WindowEntry | undefined,
  ): Promise<readonly WindowEntry[] | null> {
    if (this.#history === null || first === undefined || position.id === FIRST_ID) return null;
    const past = await this.#history.between(channel, position, first, this.#limits.replayEventsMax);
    // The groups' queues are bounded themselves.
    past?.release();
    return past?.events ?? null;
  }

  #afterLast(channel: Channel, last: WindowEntry | null): "MORE" | "PROGRESS" | "NOTHING" {
    if (!channel.positionKnown) {
      channel.positionKnown = true;
      if (last === null) return "NOTHING";
      channel.position = { epoch: last.epoch, id: last.id, count: last.count };
      channel.last = new StreamEvent(channel, last);
      return "NOTHING";
    }
    if (last === null) return "NOTHING";
    if (channel.everyGroups > 0) {
      // It had no event when it was attached, and has one now: begin before its first.
      if (channel.position !== null) return "MORE";
      channel.position = startOf(last.epoch);
      return "MORE";
    }
    const position = channel.position;
    const relation = position === null ? "NEXT" : relationTo(position, last);
    if (relation === "KNOWN") return "NOTHING";
    if (relation === "OTHER_EPOCH") this.#observer.epochChanged();
    this.#handOn(channel, last, position === null ? 0 : (missedBetween(position, last) ?? 0));
    return "NOTHING";
  }

  #afterRead(channel: Channel, outcome: "MORE" | "PROGRESS" | "NOTHING", arrivalsBefore: number): void {
    if (outcome === "MORE" || channel.bufferOverflowed) {
      if (channel.bufferOverflowed) {
        channel.bufferOverflowed = false;
        channel.buffer = [];
      }
      this.#read(channel);
      return;
    }
    let taken = 0;
    for (const { entry, arrival } of channel.buffer) {
      if (!this.#take(channel, entry)) {
        if (arrival > arrivalsBefore) break;
        // It was there before the read, which saw the current epoch: one of another epoch is over.
        if (entry.epoch === channel.position!.epoch) {
          // It should have been in the window. Nothing beyond the position is, so what lies between is lost.
          if (outcome === "PROGRESS" || taken > 0) break;
          this.#noteGap(channel, { count: missedBetween(channel.position!, entry), reason: "lost" });
          this.#handOn(channel, entry, 0);
        }
      }
      taken += 1;
    }
    channel.buffer.splice(0, taken);
    if (channel.buffer.length > 0 || (outcome === "PROGRESS" && taken === 0)) {
      this.#read(channel);
      return;
    }
    channel.state = "LIVE";
    for (const [subscriber, { group, fromRead }] of channel.waiting) {
      if (fromRead > channel.readNumber) continue;
      channel.waiting.delete(subscriber);
      this.#join(channel, group, subscriber);
    }
    if (channel.waiting.size > 0) this.#read(channel);
  }

  #join(channel: Channel, group: Group<StreamSpec>, subscriber: Subscriber): void {
    if (subscriber.resume !== null) {
      void this.#catchUp(channel, group, subscriber);
      return;
    }
    const last = channel.last;
    group.join(subscriber, channel.key, last !== null && passes(group.spec.filters, last.payload) ? last : null);
  }

  async #catchUp(channel: Channel, group: Group<StreamSpec>, subscriber: Subscriber): Promise<void> {
    const { connection } = subscriber;
    const admission = connection === null ? "ADMITTED" : await this.#admission.enter(subscriber, connection);
    if (!group.subscribers.has(subscriber)) return;
    if (admission === "REFUSED") {
      this.#observer.resumed("refused");
      subscriber.fail(tooManyResumes(this.#admission.retryAfterSeconds));
      return;
    }
    const outcome = await this.#replay(channel, group, subscriber, true);
    if (outcome === "LEFT") return;
    this.#observer.resumed(outcome === "CAUGHT_UP" ? "recovered" : outcome.failed);
    if (outcome !== "CAUGHT_UP") subscriber.fail(notRecovered(outcome.failed));
  }

  /** Once a subscriber can take more again, it gets what it missed meanwhile; it is too slow if that is gone. */
  async #giveLater(group: Group<StreamSpec>, subscriber: Subscriber): Promise<void> {
    await subscriber.drained();
    const { topic, channels } = group.spec;
    const channel = this.#channels.get(keyOf(topic, channels[0]!));
    if (!channel || !group.subscribers.has(subscriber)) return;
    const outcome = await this.#replay(channel, group, subscriber, false);
    if (outcome !== "LEFT" && outcome !== "CAUGHT_UP") subscriber.fail(new CodedError("SLOW_CONSUMER"));
  }

  #replay(
    channel: Channel,
    group: Group<StreamSpec>,
    subscriber: Subscriber,
    tellsCount: boolean,
  ): Promise<ReplayOutcome> {
    return replay({
      reads: this.#reads,
      history: this.#history,
      clock: this.#clock,
      channel,
      group,
      subscriber,
      from: subscriber.resume!,
      tellsCount,
      replayEventsMax: this.#limits.replayEventsMax,
      executionsMax: this.#limits.executionsMax,
      observer: this.#observer,
      known: () => channel.position,
      look: () => {
        if (channel.state === "LIVE") this.#read(channel);
      },
      caughtUp: (at) => group.joinAt(subscriber, channel.key, at),
    });
  }
}

const tooManyResumes = (retryAfterSeconds: number): CodedError =>
  new CodedError("RATE_LIMITED", "Too many streams are being resumed: send the same request again later.", {
    retryAfterSeconds,
  });

const keyOf = (topic: string, name: string): string => `${topic}/${name}`;
