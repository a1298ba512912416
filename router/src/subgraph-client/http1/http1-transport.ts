import { LinkedList } from "../linked-list.ts";
import type { AnswerHandler, SentRequest, Transport, TransportOptions } from "../transport.ts";
import { Http1Connection, type ConnectionOwner, type ConnectionTarget } from "./http1-connection.ts";
import { Http1Error } from "./http1-error.ts";
import { Http1Request, type RequestOwner } from "./http1-request.ts";
import { RequestWriter } from "./request-writer.ts";

/** Requests that may wait for a connection: each of them has a client that waits. */
const WAITING_MAX = 10_000;
const SWEEP_MS = 1_000;

/**
 * Posts over HTTP/1.1 connections of its own, one request at a time on each: what undici does, with as little as one subgraph
 * needs. The connection that was used last is used next, so that those too many grow old and are closed.
 */
export class Http1Transport implements Transport, ConnectionOwner, RequestOwner {
  readonly #target: ConnectionTarget;
  readonly #connectionsMax: number;
  readonly #writer: RequestWriter;
  readonly #connections = new Set<Http1Connection>();
  readonly #connecting = new Set<Http1Connection>();
  /** The one used last at the end. */
  #idle: Http1Connection[] = [];
  /** Oldest first. */
  readonly #waiting = new LinkedList<Http1Request>();
  #sweepTimer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor({ url, connectionsMax, connectTimeoutMs }: TransportOptions) {
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1"); // of an IPv6 address
    this.#target = { host, port: Number(url.port || 80), connectTimeoutMs };
    this.#connectionsMax = connectionsMax;
    this.#writer = new RequestWriter(url);
  }

  post(
    body: string,
    headers: Readonly<Record<string, string>>,
    repeatable: boolean,
    handler: AnswerHandler,
  ): SentRequest {
    let text: string | Buffer = "";
    let refusal: unknown = null;
    try {
      text = this.#writer.write(body, headers);
      if (this.#closed) refusal = new Http1Error("the transport is closed");
      else if (this.#waiting.length >= WAITING_MAX) refusal = new Http1Error("too many requests wait for a connection");
    } catch (error) {
      refusal = error;
    }
    const request = new Http1Request(text, handler, repeatable);
    if (refusal !== null) handler.onError(refusal);
    else {
      const connection = this.#takeIdle();
      if (connection) connection.send(request);
      else this.#wait(request);
    }
    return request;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#sweepTimer !== null) clearTimeout(this.#sweepTimer);
    const reason = new Http1Error("the transport is closed");
    for (const connection of this.#connections) connection.close(reason);
    for (let next = this.#waiting.first; next !== null; next = this.#waiting.first) {
      const request = next.value!;
      this.giveUp(request);
      request.handler.onError(reason);
    }
  }

  giveUp(request: Http1Request): void {
    request.owner = null;
    if (request.waiting !== null) this.#waiting.remove(request.waiting);
    request.waiting = null;
  }

  ready(connection: Http1Connection): void {
    this.#connecting.delete(connection);
    const request = this.#waiting.first?.value;
    if (request) {
      this.giveUp(request);
      connection.send(request);
      return;
    }
    this.#idle.push(connection);
    if (this.#sweepTimer === null) this.#sweepTimer = setTimeout(closeOldOnes, SWEEP_MS, this).unref();
  }

  lost(connection: Http1Connection, error: unknown): void {
    this.#connections.delete(connection);
    const index = this.#idle.lastIndexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    const request = this.#waiting.first?.value;
    if (this.#connecting.delete(connection) && request) {
      this.giveUp(request);
      request.handler.onError(error);
    }
    this.#open();
  }

  again(request: Http1Request): void {
    if (this.#closed) request.handler.onError(new Http1Error("the transport is closed"));
    else this.#wait(request);
  }

  /** Closes connections that were idle for long. */
  sweep(): void {
    this.#sweepTimer = null;
    const now = performance.now();
    for (const connection of this.#idle.filter(({ idleUntil }) => idleUntil <= now)) connection.close(null);
    if (this.#idle.length > 0) this.#sweepTimer = setTimeout(closeOldOnes, SWEEP_MS, this).unref();
  }

  #takeIdle(): Http1Connection | null {
    for (;;) {
      const connection = this.#idle.pop();
      if (!connection) return null;
      if (connection.idleUntil > performance.now()) return connection;
      connection.close(null);
    }
  }

  #wait(request: Http1Request): void {
    request.owner = this;
    request.waiting = this.#waiting.add(request);
    this.#open();
  }

  /** Opens as many connections as there are requests that wait, within the limit. */
  #open(): void {
    while (
      !this.#closed &&
      this.#connecting.size < this.#waiting.length &&
      this.#connections.size < this.#connectionsMax
    ) {
      const connection = new Http1Connection(this.#target, this);
      this.#connections.add(connection);
      this.#connecting.add(connection);
    }
  }
}

function closeOldOnes(transport: Http1Transport): void {
  transport.sweep();
}
