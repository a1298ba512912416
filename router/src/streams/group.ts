import { compareIds, type WindowEntry } from "@mib/stream-window/layout";
import type { CodedError } from "@mib/service/coded-error";
import { Delivery, type StreamNote } from "./delivery.ts";
import { EventCursor } from "./resume/event-cursor.ts";
import type { ResumePoint } from "./resume/replay.ts";
import { isUpTo, mergeGaps, type Gap, type Position } from "./stream-source.ts";

/** What makes two subscribers' answers the same by construction, and how an event becomes that answer. */
export interface GroupSpec {
  key: string;
  delivery: "EVERY" | "LATEST";
  snapshot: "LAST" | "NONE";
  /** Whether an answer depends on nothing but its event, so that the last one can be given again. */
  selfContained: boolean;
  /** Names where an event stands, for those who want to go on from there; null where nobody can. */
  cursor: ((position: Position) => string) | null;
  /** The response body for an event. Never rejects. */
  execute(payload: unknown, event: GroupEvent): Promise<string>;
}

/** Where and when an event is. */
export type EventPlace = Pick<WindowEntry, "epoch" | "id" | "prev" | "brokerTimeMs"> &
  Partial<Pick<WindowEntry, "traceparent" | "count">>;

/** An event as a group takes it: of a stream's channel, or of a subscription at a subgraph. */
export interface GroupEvent {
  readonly channelKey: string;
  /** Only events of streams have a topic and a channel. */
  readonly topic?: string;
  readonly channel?: string;
  /** What `GroupSpec.execute` gets; undefined when it cannot be read. */
  readonly payload: unknown;
  readonly entry: EventPlace;
}

/** An error that ends a subscription, as clients see it. */
export interface EndingError {
  message: string;
  extensions: Readonly<Record<string, unknown>>;
}

/** One subscription's end. The group's notes on it are kept here, so that it costs no second object. */
export abstract class Subscriber {
  /** EVERY: the first task of the group that concerns it. */
  since = 0;
  /** Keys of the channels it does not hear yet; null when it hears all. */
  missing: Set<string> | null = null;
  /** EVERY: where it wants to begin instead of now, and then how far it has caught up. */
  resume: ResumePoint | null = null;
  /** LATEST: begins with the last event of each channel, whatever the stream's field says. */
  fromLast = false;
  /** What it is to be told with the next delivery. */
  note: StreamNote | null = null;
  hasStarted = false;
  /** The group that it is one of, where that has cursors. */
  group: Group | null = null;
  /** EVERY: the cursor of the event that was sent last, where it is told of heads. */
  sent: EventCursor | null = null;

  /** The client's connection: those take turns at resuming. Null: it is the router's own, and waits for nobody. */
  get connection(): object | null {
    return null;
  }

  /** EVERY: it can take no more for now. */
  abstract readonly isFull: boolean;

  /** False where it holds the event back: it counts by itself what it delivers later. */
  abstract deliver(delivery: Delivery): boolean;
  /** Called once, when it hears all its channels. */
  abstract started(): void;
  /** The stream ends with an error. */
  abstract fail(error: CodedError): void;
  /** Resolves when it can take more. */
  abstract drained(): Promise<void>;
  /** Called once, after the last delivery: the source is over, with errors or as it should be. */
  abstract ended(errors: readonly EndingError[] | null): void;
}

/** Stands for the answer to an event whose value is no JSON. */
const UNREADABLE = "";

/** Deliveries that are kept while many subscribers catch up with the same events, and for how long. */
const DELIVERIES_AGAIN_MAX = 1_000;
const DELIVERY_AGAIN_MS = 1_000;

interface Task {
  sequence: number;
  event: GroupEvent;
  /** Null: everybody who was there when the task was made. */
  audience: Set<Subscriber> | null;
  /** LATEST: who joined the channel later, and begins with something newer. */
  except: Set<Subscriber> | null;
  conflated: number;
  gap: Gap | null;
  /** The answer, once it is there. */
  body: string | null;
}

export interface GroupLimits {
  /** Events of an EVERY group that may wait; past it they are dropped, and told as a gap. */
  queueMax: number;
  /** Events that one group executes side by side. Answers leave in order all the same. */
  executionsMax: number;
}

export interface GroupObserver {
  executed(): void;
  /** Subscribers were handed an event; one that is no news is what a subscription begins with. */
  delivered(event: GroupEvent, subscribers: number, isNews: boolean): void;
  conflated(count: number): void;
  gap(gap: Gap): void;
  /** A subscriber could take no more, and will be given later what it missed. */
  fellBehind(): void;
}

/**
 * All subscribers with the same answers. Each event is executed once and in order per channel: EVERY keeps all events,
 * LATEST only the newest of each channel while it waits.
 */
export class Group<Spec extends GroupSpec = GroupSpec> {
  readonly spec: Spec;
  readonly subscribers = new Set<Subscriber>();
  readonly #limits: GroupLimits;
  readonly #observer: GroupObserver;
  /** Tasks that wait, in order; LATEST has at most one per channel. */
  #waiting: Task[] = [];
  readonly #waitingLatest = new Map<string, Task>();
  /** Tasks in execution, in order. */
  readonly #running: Task[] = [];
  /** LATEST: channels of the running tasks, at most one task each. */
  readonly #runningChannels = new Set<string>();
  /** The last answer per channel, kept only where it can be given again. */
  readonly #answers = new Map<string, { id: string; epoch: string; body: string }>();
  /** Of past events, by position, while somebody catches up. */
  #catchingUp = 0;
  readonly #deliveriesAgain = new Map<string, { atMs: number; delivery: Promise<Delivery | null> }>();
  #sequence = 0;
  #gap: Gap | null = null;
  /** EVERY: the newest event that there is an answer to, whether or not it was dropped. */
  #newest: { sequence: number; cursor: EventCursor } | null = null;
  /** The source is over; told to the subscribers when all events are delivered. */
  #ending: { errors: readonly EndingError[] | null } | null = null;

  readonly #behind: (subscriber: Subscriber) => void;

  /** `behind` is called with a subscriber that can take no more: it has to catch up from its `resume`. */
  constructor(
    spec: Spec,
    {
      limits,
      observer,
      behind,
    }: { limits: GroupLimits; observer: GroupObserver; behind: (subscriber: Subscriber) => void },
  ) {
    this.spec = spec;
    this.#behind = behind;
    this.#limits = limits;
    this.#observer = observer;
  }

  /** Takes the next event of one of its channels; `skipped` events before it were not delivered (LATEST). */
  push(event: GroupEvent, skipped: number): void {
    const gap = this.#gap;
    if (this.spec.delivery === "LATEST") {
      const replaced = this.#waitingLatest.get(event.channelKey);
      const conflated =
        skipped + (replaced === undefined ? 0 : replaced.conflated + (replaced.audience === null ? 1 : 0));
      this.#waitingLatest.set(event.channelKey, this.#task(event, null, conflated, null));
    } else if (this.#waiting.length >= this.#limits.queueMax) {
      this.noteGap({ count: 1, reason: "overflow" });
      this.#sequence += 1;
      this.#noteNewest(event);
    } else {
      this.#gap = null;
      this.#waiting.push(this.#task(event, null, 0, gap));
      this.#noteNewest(event);
    }
    this.#run();
  }

  /**
   * EVERY: the cursor of the newest event that is for the subscriber, as it was sent to it if it was. Null where there is
   * none, and while one is on its way: it is executed, or the subscriber catches up.
   */
  headFor(subscriber: Subscriber): EventCursor | null {
    if (this.spec.delivery === "LATEST" || subscriber.missing !== null) return null;
    if (this.#waiting.length > 0 || this.#running.length > 0) return null;
    const { sent, since, resume } = subscriber;
    const newest = this.#newest;
    if (newest === null || newest.sequence < since) return sent;
    // It read further than the messages had come.
    if (resume !== null && isUpTo(resume as Position, newest.cursor.position)) return sent;
    return sent?.isOf(newest.cursor.position) ? sent : newest.cursor;
  }

  /** Events were lost before the next one. */
  noteGap(gap: Gap): void {
    if (this.spec.delivery === "LATEST") return;
    this.#observer.gap(gap);
    this.#gap = mergeGaps(this.#gap, gap);
  }

  /** No event follows. Subscribers are told when they have those that are under way. */
  end(errors: readonly EndingError[] | null): void {
    this.#ending ??= { errors };
    this.#tellEnd();
  }

  /**
   * From now on the subscriber hears a channel whose last event is `last`. With a snapshot it begins with that event,
   * and there is no hole and no repeat between the two.
   */
  join(subscriber: Subscriber, channelKey: string, last: GroupEvent | null): void {
    subscriber.missing?.delete(channelKey);
    const snapshot = this.spec.snapshot === "LAST" || subscriber.fromLast ? last : null;
    const coming = snapshot === null ? undefined : this.#taskFor(snapshot);
    if (this.spec.delivery === "LATEST") this.#spare(subscriber, channelKey, coming);
    else subscriber.since = coming?.sequence ?? this.#sequence + 1;
    if (coming) coming.audience?.add(subscriber);
    else if (snapshot !== null) this.#giveSnapshot(subscriber, snapshot);
    this.#startIfComplete(subscriber);
  }

  /** The subscriber has all events up to the position, and the group was handed none beyond it: it goes on with the next one. */
  joinAt(subscriber: Subscriber, channelKey: string, position: Position | null): void {
    subscriber.missing?.delete(channelKey);
    subscriber.resume = position;
    subscriber.since = this.#sequence + 1;
    this.#startIfComplete(subscriber);
  }

  #startIfComplete(subscriber: Subscriber): void {
    if (subscriber.missing?.size !== 0) return;
    subscriber.missing = null;
    if (subscriber.hasStarted) return;
    subscriber.hasStarted = true;
    subscriber.started();
  }

  /** Runs while a subscriber catches up, so that those who do it at once share answers. */
  async whileCatchingUp<Outcome>(run: () => Promise<Outcome>): Promise<Outcome> {
    this.#catchingUp += 1;
    try {
      return await run();
    } finally {
      this.#catchingUp -= 1;
      if (this.#catchingUp === 0) this.#deliveriesAgain.clear();
    }
  }

  /** A past event, answered now or a moment ago, for all who catch up with it; null where its value is no JSON. */
  deliveryAgain(event: GroupEvent): Promise<Delivery | null> {
    const { entry } = event;
    const key = `${entry.epoch} ${entry.id}`;
    const now = Date.now();
    const known = this.#deliveriesAgain.get(key);
    if (known !== undefined && now - known.atMs <= DELIVERY_AGAIN_MS) return known.delivery;
    const delivery = this.#deliverAgain(event);
    this.#deliveriesAgain.delete(key);
    this.#deliveriesAgain.set(key, { atMs: now, delivery });
    for (const [oldest, { atMs }] of this.#deliveriesAgain) {
      if (now - atMs <= DELIVERY_AGAIN_MS && this.#deliveriesAgain.size <= DELIVERIES_AGAIN_MAX) break;
      this.#deliveriesAgain.delete(oldest);
    }
    return delivery;
  }

  async #deliverAgain(event: GroupEvent): Promise<Delivery | null> {
    const { channelKey, entry, payload } = event;
    if (payload === undefined) return null;
    this.#observer.executed();
    const body = await this.spec.execute(payload, event);
    return new Delivery(body, { channelKey, gap: null, conflated: 0, cursor: this.cursorOf(entry) });
  }

  /** What makes an event's cursor, once for all who get it. */
  cursorOf({ epoch, id, count }: EventPlace): EventCursor | null {
    const { cursor } = this.spec;
    return cursor === null ? null : new EventCursor({ epoch, id, count: count ?? null }, cursor);
  }

  /** What cannot be read is never sent, and nobody misses it. */
  #noteNewest({ entry, payload }: GroupEvent): void {
    if (this.spec.cursor === null || payload === undefined) return;
    this.#newest = { sequence: this.#sequence, cursor: this.cursorOf(entry)! };
  }

  /** What is under way for a channel and older than where the subscriber begins is not for it. */
  #spare(subscriber: Subscriber, channelKey: string, coming: Task | undefined): void {
    const waiting = this.#waitingLatest.get(channelKey);
    if (waiting && waiting !== coming) (waiting.except ??= new Set()).add(subscriber);
    if (!this.#runningChannels.has(channelKey)) return;
    const running = this.#running.find((task) => task.event.channelKey === channelKey);
    if (running && running !== coming) (running.except ??= new Set()).add(subscriber);
  }

  #giveSnapshot(subscriber: Subscriber, last: GroupEvent): void {
    const { channelKey, entry } = last;
    const answer = this.#answers.get(channelKey);
    if (answer && answer.id === entry.id && answer.epoch === entry.epoch) {
      const delivery = new Delivery(answer.body, {
        channelKey,
        gap: null,
        conflated: 0,
        cursor: this.cursorOf(last.entry),
      });
      this.#observer.delivered(last, subscriber.deliver(delivery) ? 1 : 0, false);
      return;
    }
    const task = this.#task(last, new Set([subscriber]), 0, null);
    if (this.spec.delivery === "LATEST") this.#waitingLatest.set(channelKey, task);
    else this.#waiting.push(task);
    this.#run();
  }

  /** The task, waiting or running, that answers this event. Searched from the newest: a snapshot is always about the last. */
  #taskFor({ channelKey, entry }: GroupEvent): Task | undefined {
    const matches = (task: Task) =>
      task.event.channelKey === channelKey &&
      task.event.entry.id === entry.id &&
      task.event.entry.epoch === entry.epoch;
    if (this.spec.delivery === "LATEST") {
      const waiting = this.#waitingLatest.get(channelKey);
      if (waiting) return matches(waiting) ? waiting : undefined;
      return this.#runningChannels.has(channelKey) ? this.#running.findLast(matches) : undefined;
    }
    return this.#waiting.findLast(matches) ?? this.#running.findLast(matches);
  }

  #task(event: GroupEvent, audience: Set<Subscriber> | null, conflated: number, gap: Gap | null): Task {
    this.#sequence += 1;
    return { sequence: this.#sequence, event, audience, except: null, conflated, gap, body: null };
  }

  #run(): void {
    if (this.spec.delivery === "LATEST") {
      for (const [channelKey, task] of this.#waitingLatest) {
        if (this.#running.length >= this.#limits.executionsMax) return;
        // The channel's event before this one is still being executed: this one may yet be replaced.
        if (this.#runningChannels.has(channelKey)) continue;
        this.#waitingLatest.delete(channelKey);
        this.#start(task);
      }
      return;
    }
    let started = 0;
    while (started < this.#waiting.length && this.#running.length < this.#limits.executionsMax)
      this.#start(this.#waiting[started++]!);
    if (started === this.#waiting.length) this.#waiting = [];
    else if (started > 0) this.#waiting.splice(0, started);
  }

  #start(task: Task): void {
    this.#running.push(task);
    if (this.spec.delivery === "LATEST") this.#runningChannels.add(task.event.channelKey);
    const payload = task.event.payload;
    if (payload === undefined) {
      task.body = UNREADABLE;
      this.#release();
      return;
    }
    this.#observer.executed();
    void this.spec.execute(payload, task.event).then((body) => {
      task.body = body;
      this.#release();
      this.#run();
      this.#tellEnd();
    });
  }

  #tellEnd(): void {
    if (this.#ending === null || this.#running.length > 0 || this.#waiting.length > 0) return;
    if (this.#waitingLatest.size > 0) return;
    const { errors } = this.#ending;
    for (const subscriber of this.subscribers) subscriber.ended(errors);
  }

  /** Hands out what is done: EVERY in the order of the events, LATEST as each is done. */
  #release(): void {
    if (this.spec.delivery === "LATEST") {
      for (let i = 0; i < this.#running.length;) {
        if (this.#running[i]!.body === null) i += 1;
        else this.#handOut(this.#running.splice(i, 1)[0]!);
      }
    } else {
      while (this.#running.length > 0 && this.#running[0]!.body !== null) this.#handOut(this.#running.shift()!);
    }
  }

  #handOut({ sequence, event, audience, except, conflated, gap, body }: Task): void {
    const { channelKey, entry } = event;
    this.#runningChannels.delete(channelKey);
    if (body === UNREADABLE || body === null) {
      this.#gap = mergeGaps(gap, this.#gap);
      if (audience === null) this.noteGap({ count: 1, reason: "poison" });
      return;
    }
    if (this.spec.selfContained && this.spec.snapshot === "LAST") {
      this.#answers.set(channelKey, { id: entry.id, epoch: entry.epoch, body });
    }
    const delivery = new Delivery(body, {
      channelKey,
      gap,
      conflated,
      cursor: this.cursorOf(entry),
    });
    let delivered = 0;
    for (const subscriber of audience ?? this.subscribers) {
      const concerned =
        audience === null
          ? subscriber.since <= sequence && !subscriber.missing?.has(channelKey)
          : this.subscribers.has(subscriber);
      if (!concerned || except?.has(subscriber)) continue;
      const own = subscriber.resume === null ? delivery : afterCatchingUp(subscriber, entry, delivery);
      if (own === null) continue;
      if (this.spec.delivery === "EVERY" && subscriber.isFull) {
        this.#letFallBehind(subscriber, event, own.gap);
        continue;
      }
      if (subscriber.deliver(own)) delivered += 1;
    }
    if (conflated > 0) this.#observer.conflated(conflated);
    this.#observer.delivered(event, delivered, audience === null);
  }

  /** From this event on the window keeps for the subscriber what it can't take. */
  #letFallBehind(subscriber: Subscriber, { channelKey, entry }: GroupEvent, gap: Gap | null): void {
    subscriber.missing = new Set([channelKey]);
    subscriber.resume = { epoch: entry.epoch, id: entry.prev, count: (entry.count ?? Number.NaN) - 1 };
    if (gap !== null) subscriber.note = { ...subscriber.note, gap };
    this.#observer.fellBehind();
    this.#behind(subscriber);
  }
}

/**
 * The first delivery to a subscriber that caught up by itself: null while it has had the event already, because it read
 * further than the messages had come. What the group has missed, it may have got.
 */
function afterCatchingUp(subscriber: Subscriber, { epoch, id, prev }: EventPlace, delivery: Delivery): Delivery | null {
  const position = subscriber.resume as Position;
  if (isUpTo(position, { epoch, id })) return null;
  subscriber.resume = null;
  // The group may have had no event of the epoch that is over: then nobody told it.
  if (position.epoch !== epoch) return delivery.gap ? delivery : delivery.withGap({ count: null, reason: "epoch" });
  if (delivery.gap === null) return delivery;
  return delivery.withGap(compareIds(prev, position.id) <= 0 ? null : { ...delivery.gap, count: null });
}
