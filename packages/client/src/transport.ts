import type { ErrorMessage, FormattedExecutionResult, SubscribePayload } from "graphql-ws";

/** Makes connections to one router. The only place with I/O; what is above it gets its clock and randomness too. */
export type Transport = (events: ConnectionEvents) => Connection;

/** What a connection tells, never before the transport has returned it, and nothing once it is lost or closed. */
export interface ConnectionEvents {
  /** `resumes`: the router said that subscriptions can go on at a cursor. */
  opened(facts: { resumes: boolean }): void;
  /** It is over, and its subscriptions with it. */
  lost(loss: Loss): void;
}

export interface Connection {
  /** Subscribes, once the connection is open. Returns how to leave. */
  subscribe(payload: SubscribePayload, sink: SubscriptionSink): () => void;
  close(): void;
}

/** What one subscription on one connection is told. Nothing comes after `failed` or `completed`. */
export interface SubscriptionSink {
  next(result: FormattedExecutionResult<any>): void;
  /** The cursor of the newest event that the router has sent by now; not all routers and transports tell. */
  head(cursor: string): void;
  failed(errors: Errors): void;
  completed(): void;
}

export type Errors = ErrorMessage["payload"];

export interface Loss {
  /** The code with which the connection was closed; null when it was not. */
  closeCode: number | null;
  reason: string;
}

export interface Clock {
  now(): number;
  /** Runs `action` after a while; returns how to call it off. */
  after(milliseconds: number, action: () => void): () => void;
}
