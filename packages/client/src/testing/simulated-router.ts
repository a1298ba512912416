import type { SubscribePayload } from "graphql-ws";
import type { Connection, ConnectionEvents, SubscriptionSink, Transport } from "../transport.ts";
import type { ManualClock } from "./manual-clock.ts";

interface Session {
  events: ConnectionEvents;
  isOpen: boolean;
  subscribers: Set<Subscriber>;
}

interface Subscriber {
  sink: SubscriptionSink;
  /** The event that it was sent last; null: it begins with the next one. */
  sentId: number | null;
  /** The newest event that was sent to it in particular. */
  newestId: number | null;
  withCursor: boolean;
  /** What it is told with the next event. */
  note: object;
}

const LATENCY_MS = 5;

/** A router with one EVERY stream of numbers, as docs/streams.md describes it, whose messages take a while. */
export class SimulatedRouter {
  /** Whether it can resume. */
  resumes = true;
  /** Whether it takes connections. */
  accepts = true;
  /** The codes that it says to the next subscribe messages instead of subscribing, and for how long it wants to be left alone. */
  refusals: string[] = [];
  retryAfterSeconds: number | null = null;
  /** What was subscribed to, in order. */
  readonly payloads: SubscribePayload[] = [];
  connectionsMade = 0;
  readonly #clock: ManualClock;
  readonly #sessions = new Set<Session>();
  #headId = 0;
  #oldestId = 1;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  get openSubscriptions(): number {
    return [...this.#sessions].reduce((sum, { subscribers }) => sum + subscribers.size, 0);
  }

  get openConnections(): number {
    return this.#sessions.size;
  }

  readonly transport: Transport = (events) => {
    const session: Session = { events, isOpen: true, subscribers: new Set() };
    this.#sessions.add(session);
    this.connectionsMade += 1;
    this.#later(session, () => {
      if (this.accepts) events.opened({ resumes: this.resumes });
      else this.#lose(session, 1006);
    });
    const connection: Connection = {
      subscribe: (payload, sink) => {
        const subscriber: Subscriber = { sink, sentId: null, newestId: null, withCursor: this.resumes, note: {} };
        this.#later(session, () => this.#subscribe(session, subscriber, payload));
        return () => void session.subscribers.delete(subscriber);
      },
      close: () => this.#end(session),
    };
    return connection;
  };

  /** Publishes an event whose messages are lost on the way, though the connections hold. */
  publishLost(): void {
    this.#headId += 1;
    for (const session of this.#sessions)
      for (const subscriber of session.subscribers) subscriber.sentId = subscriber.newestId = this.#headId;
  }

  /** Tells subscribers which event they were sent last. */
  tellHeads(): void {
    for (const session of this.#sessions)
      for (const { sink, newestId } of session.subscribers)
        if (newestId !== null) this.#later(session, () => sink.head(`c${newestId}`));
  }

  publish(): void {
    this.#headId += 1;
    for (const session of this.#sessions) for (const subscriber of session.subscribers) this.#send(session, subscriber);
  }

  /** Forgets the events so far. */
  trim(): void {
    this.#oldestId = this.#headId + 1;
  }

  /** Closes all connections. What is under way is lost. */
  cut(closeCode = 1006): void {
    // Not those that are made because of it.
    const sessions = [...this.#sessions];
    for (const session of sessions) this.#lose(session, closeCode);
  }

  #subscribe(session: Session, subscriber: Subscriber, payload: SubscribePayload): void {
    this.payloads.push(payload);
    const code = this.refusals.shift();
    if (code !== undefined) {
      const { retryAfterSeconds } = this;
      return this.#fail(session, subscriber, { code, ...(retryAfterSeconds !== null && { retryAfterSeconds }) });
    }
    session.subscribers.add(subscriber);
    const { after } = (payload.extensions?.["stream"] ?? {}) as { after?: string };
    subscriber.sentId = this.#headId;
    if (after === undefined || !this.resumes) return;
    const id = after === "start" ? this.#oldestId - 1 : Number(after.slice(1));
    if (id + 1 < this.#oldestId) {
      session.subscribers.delete(subscriber);
      return this.#fail(session, subscriber, { code: "STREAM_NOT_RECOVERED", reason: "too_far" });
    }
    subscriber.sentId = id;
    subscriber.note = { recovered: true, replayed: this.#headId - id };
    this.#send(session, subscriber);
  }

  #send(session: Session, subscriber: Subscriber): void {
    while (subscriber.sentId! < this.#headId) {
      const id = ++subscriber.sentId!;
      subscriber.newestId = id;
      const stream = { ...(subscriber.withCursor && { cursor: `c${id}` }), ...subscriber.note };
      subscriber.note = {};
      this.#later(session, () => subscriber.sink.next({ data: { id }, extensions: { stream } }));
    }
  }

  #fail(session: Session, { sink }: Subscriber, extensions: Record<string, unknown>): void {
    this.#later(session, () => sink.failed([{ message: "no", extensions }]));
  }

  #later(session: Session, action: () => void): void {
    this.#clock.after(LATENCY_MS, () => session.isOpen && action());
  }

  #lose(session: Session, closeCode: number): void {
    this.#end(session);
    session.events.lost({ closeCode, reason: "cut" });
  }

  #end(session: Session): void {
    session.isOpen = false;
    session.subscribers.clear();
    this.#sessions.delete(session);
  }
}
