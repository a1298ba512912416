/**
 * What was published and what clients saw of it, up to a moment at which everybody should have had everything: nothing was
 * published since long before, no fault was left, and every channel ended with an event that all were there for.
 */
export interface History {
  /** By channel, in the order of the channel. */
  published: ReadonlyMap<string, readonly PublishedEvent[]>;
  subscriptions: readonly SubscriptionHistory[];
}

export interface PublishedEvent {
  /** Once in its channel. */
  id: string;
  epoch: string;
  value: string;
}

/** One subscription of one client, over all its connections. */
export interface SubscriptionHistory {
  name: string;
  delivery: "EVERY" | "LATEST";
  channels: readonly string[];
  /** The last event of each channel that it had before this history begins; what is not there, it had nothing of. */
  had: ReadonlyMap<string, string>;
  /** The cursor of what it had last, when it was given one. */
  hadCursor: string | null;
  observations: readonly Observation[];
}

export type Observation = Subscribed | Received | Head | Ended;

/** The subscribe message was sent, for the first time or again. */
export interface Subscribed {
  kind: "SUBSCRIBED";
  /** The cursor that it was to go on after; `start`: with the oldest event; null: with what comes. */
  after: string | null;
}

export interface Received {
  kind: "RECEIVED";
  channel: string;
  id: string;
  value: string;
  cursor: string | null;
  gap: { count: number | null; reason: string } | null;
  /** Events that were skipped for this one, as the router says. */
  conflated: number;
  /** What became of the wish to go on; null where nothing is said. */
  verdict: { recovered: boolean; replayed: number | null; reason: string | null } | null;
}

/** The router says which event the client should have by now. */
export interface Head {
  kind: "HEAD";
  cursor: string;
}

/** The subscription ended with an error that tells the client to begin anew. */
export interface Ended {
  kind: "ENDED";
  code: string;
  reason: string | null;
}
