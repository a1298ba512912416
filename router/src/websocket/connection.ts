import type { Duplex } from "node:stream";
import { CodedError } from "@mib/service/coded-error";
import type { WebSocket } from "ws";
import type { Authenticator } from "../authentication/authenticator.ts";
import type { Caller, Credentials } from "../authentication/caller.ts";
import { codeOf, formatError, toCodedError } from "../http/error-body.ts";
import { requestIdFor } from "../http/request-id.ts";
import { checkParams } from "../http/graphql-params.ts";
import type { RequestOrigin } from "../plugins/request-chain.ts";
import type { RequestLimits } from "../request/request-limits.ts";
import { readStreamRequest } from "../streams/resume/stream-request.ts";
import { Backpressure, type BackpressureLimits } from "../subscription/backpressure.ts";
import {
  ConnectionOperations,
  type ConnectionOperationsOptions,
  type OperationWire,
} from "../subscription/connection-operations.ts";
import type { EventOutlet } from "../subscription/connection-subscription.ts";
import type { Credentialed } from "../subscription/credential-ends.ts";
import type { EndReason } from "../subscription/end-reason.ts";
import { CLOSE, CLOSE_REASON_BYTES_MAX } from "./close-codes.ts";
import type { FrameCompression } from "./frame-compression.ts";
import { FrameWriter } from "./frame-writer.ts";
import { readClientMessage, type SubscribeMessage } from "./protocol.ts";

export interface ConnectionOptions extends ConnectionOperationsOptions, BackpressureLimits {
  authenticator: Authenticator;
  limits: RequestLimits;
  initTimeoutMs: number;
  /** For clients that take compressed messages; null: for none. */
  compression: FrameCompression | null;
  /** Called when it is known by whose credential the connection lives from now on. */
  livesBy(connection: Connection, caller: Caller): void;
}

/** How long a client that was told to go may take to say so, before its socket is ended. */
const CLOSE_GRACE_MS = 2_000;

const ACK = `{"type":"connection_ack"}`;
/** Says that subscriptions can go on where they were: docs/streams.md. */
const ACK_WITH_RESUME = JSON.stringify({
  type: "connection_ack",
  payload: { stream: { v: 1, modes: ["EVERY", "LATEST"] } },
});

/** One client's connection: its side of the graphql-transport-ws protocol. */
export class Connection implements OperationWire, Credentialed {
  readonly transport = "ws";
  readonly backpressure: Backpressure;
  readonly address: string;
  /** Whether anything was heard since it was last asked for a sign of life. */
  isAlive = true;
  readonly #socket: WebSocket;
  readonly #upgradeCredentials: Credentials;
  readonly #options: ConnectionOptions;
  readonly #writer: FrameWriter;
  readonly #operations: ConnectionOperations;
  #initTimer: NodeJS.Timeout | null;
  #initialised = false;
  #caller: Caller | null = null;
  #closed = false;

  constructor(
    socket: WebSocket,
    { stream, address, credentials }: { stream: Duplex; address: string; credentials: Credentials },
    options: ConnectionOptions,
  ) {
    this.#socket = socket;
    this.address = address;
    this.#upgradeCredentials = credentials;
    this.#options = options;
    this.#writer = new FrameWriter(stream, socket.extensions === "" ? null : options.compression);
    this.backpressure = new Backpressure(this.#writer, options, () => this.tooSlow());
    this.#operations = new ConnectionOperations(this, options);
    this.#initTimer = setTimeout(
      () => this.close(CLOSE.initialisationTimeout, "Connection initialisation timeout"),
      options.initTimeoutMs,
    );
    socket.on("message", (data, isBinary) => this.#message(isBinary ? null : (data as Buffer).toString()));
    socket.on("pong", () => (this.isAlive = true));
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => this.#dispose("disconnected"));
    stream.on("drain", () => this.backpressure.release());
  }

  get events(): EventOutlet {
    return this.#writer;
  }

  /** Tells the client why and ends the connection; ends the socket when the client does not answer. */
  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#dispose(String(code));
    this.#options.metrics.closed("ws", code);
    this.#writer.flush();
    this.#socket.close(code, Buffer.from(reason).subarray(0, CLOSE_REASON_BYTES_MAX).toString());
    setTimeout(() => this.#socket.terminate(), CLOSE_GRACE_MS).unref();
  }

  /** Asks for a sign of life; a connection that gave none since the last time is gone. */
  checkAlive(): void {
    if (!this.isAlive) {
      this.#dispose("silent");
      this.#socket.terminate();
      return;
    }
    this.isAlive = false;
    this.#writer.flush();
    this.#socket.ping();
  }

  /** Tells a client that can compare it which events it should have by now. What waits for its socket comes first. */
  tellHeads(): void {
    if (this.#closed || this.backpressure.isHigh) return;
    const heads = this.#operations.newHeads();
    if (heads !== null) this.#writer.writeText(JSON.stringify({ type: "pong", payload: { stream: { heads } } }));
  }

  tooSlow(): void {
    this.close(CLOSE.tryAgainLater, "SLOW_CONSUMER");
  }

  credentialEnded(): void {
    this.close(CLOSE.forbidden, "CREDENTIAL_INVALID");
  }

  next(id: string, body: string): void {
    this.#writer.writeText(`{"id":${JSON.stringify(id)},"type":"next","payload":${body}}`);
  }

  eventPrefix(id: string): Buffer {
    return Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
  }

  complete(id: string): void {
    this.#writer.writeText(`{"id":${JSON.stringify(id)},"type":"complete"}`);
  }

  errors(id: string, errors: readonly object[]): number {
    const text = JSON.stringify({ id, type: "error", payload: errors });
    this.#writer.writeText(text);
    return Buffer.byteLength(text);
  }

  #dispose(reason: EndReason): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#initTimer) clearTimeout(this.#initTimer);
    this.#operations.endAll(reason);
    this.backpressure.close();
  }

  #message(text: string | null): void {
    if (this.#closed) return;
    this.isAlive = true;
    const message = text === null ? null : readClientMessage(text);
    switch (message?.type) {
      case "connection_init":
        if (this.#initialised)
          return this.close(CLOSE.tooManyInitialisationRequests, "Too many initialisation requests");
        this.#initialised = true;
        void this.#initialise(message.payload);
        return;
      case "ping":
        void this.#ping(message.payload);
        return;
      case "pong":
        return;
      case "subscribe":
        if (this.#caller === null) return this.close(CLOSE.unauthorized, "Unauthorized");
        if (this.#operations.has(message.id))
          return this.close(CLOSE.subscriberAlreadyExists, `Subscriber for ${message.id} already exists`);
        void this.#subscribe(message, this.#caller);
        return;
      case "complete":
        this.#operations.end(message.id, "client");
        return;
      default:
        this.close(CLOSE.badRequest, "Invalid message received");
    }
  }

  async #initialise(payload: Record<string, unknown> | undefined): Promise<void> {
    let caller: Caller;
    try {
      caller = await this.#options.authenticator.authenticate(credentialsFrom(payload) ?? this.#upgradeCredentials);
    } catch (thrown) {
      const error = toCodedError(thrown, this.#options.log, "websocket");
      this.#options.metrics.refused("ws", error.code);
      this.close(error.code === "CREDENTIAL_INVALID" ? CLOSE.forbidden : CLOSE.tryAgainLater, error.code);
      return;
    }
    if (this.#closed) return;
    if (this.#initTimer) clearTimeout(this.#initTimer);
    this.#initTimer = null;
    this.#caller = caller;
    this.#options.livesBy(this, caller);
    this.#writer.writeText(this.#options.cursors === null ? ACK : ACK_WITH_RESUME);
  }

  /** A ping may carry a newer credential of the same caller: the connection, and all that is on it, lives by that one then. */
  async #ping(payload: Record<string, unknown> | undefined): Promise<void> {
    const credentials = credentialsFrom(payload);
    const before = this.#caller;
    if (credentials === null || before === null) {
      this.#writer.writeText(payload === undefined ? `{"type":"pong"}` : JSON.stringify({ type: "pong", payload }));
      return;
    }
    let caller: Caller;
    try {
      caller = await this.#options.authenticator.authenticate(credentials);
    } catch (thrown) {
      const error = toCodedError(thrown, this.#options.log, "websocket");
      this.#options.metrics.refused("ws", error.code);
      // What cannot be verified now says nothing about the credential that is good until it ends.
      if (error.code === "CREDENTIAL_INVALID") this.close(CLOSE.forbidden, error.code);
      return;
    }
    if (this.#closed) return;
    if (caller.identity.subject !== before.identity.subject) return this.close(CLOSE.forbidden, "CREDENTIAL_INVALID");
    this.#caller = caller;
    this.#options.livesBy(this, caller);
    this.#writer.writeText(`{"type":"pong","payload":{"credential":"renewed"}}`);
  }

  async #subscribe({ id, payload }: SubscribeMessage, { identity }: Caller): Promise<void> {
    const { runner, limits, metrics, log, operationsMax } = this.#options;
    const operations = this.#operations;
    const startedAt = performance.now();
    const hooks = runner.follow?.(this.#origin()) ?? null;
    const { isFull } = operations;
    const running = operations.begin(id);
    try {
      if (isFull)
        throw new CodedError(
          "SUBSCRIPTION_LIMIT_EXCEEDED",
          `A connection may have ${operationsMax} operations at a time.`,
        );
      if (hooks !== null) {
        hooks.identity = identity;
        const early = await hooks.begin();
        if (running.ended) return;
        if (early) return operations.answer(id, JSON.stringify(early), hooks);
      }
      const verdict = await limits.take(identity, this.address);
      if (verdict?.allowed === false)
        throw new CodedError("RATE_LIMITED", undefined, { retryAfterSeconds: verdict.resetSeconds });
      const params = checkParams(payload);
      const operation = await runner.prepare(params, hooks);
      if (running.ended) return;
      if ("errors" in operation) {
        metrics.refused("ws", codeOf(operation.errors));
        operations.fail(id, operation.errors, hooks);
        return;
      }
      const request = operation.prepared.kind === "subscription" ? readStreamRequest(params.extensions) : null;
      const client = { address: this.address, headers: null };
      await operations.run(id, running, operation, { identity, client, hooks, request, startedAt });
    } catch (thrown) {
      const error = toCodedError(thrown, log, "websocket");
      metrics.refused("ws", error.code);
      if (!running.ended) operations.fail(id, [formatError(error)], hooks, error.status);
    } finally {
      // Of those that the client gave up; all others are told by now.
      hooks?.respond({ status: 499, bytes: 0, setHeader() {} });
    }
  }

  #origin(): RequestOrigin {
    const { address } = this;
    return { id: requestIdFor(undefined), transport: "ws", method: null, path: null, headers: null, address };
  }
}

/** Credentials in the payload of `connection_init`, by the names of the HTTP headers in any case; null when it has none. */
function credentialsFrom(payload: Record<string, unknown> | undefined): Credentials | null {
  const named = (wanted: string): string | null => {
    for (const [name, value] of Object.entries(payload ?? {})) {
      if (name.toLowerCase() !== wanted || value === null || value === undefined || value === "") continue;
      // What is no text is no credential, and not the absence of one.
      return typeof value === "string" ? value : "invalid";
    }
    return null;
  };
  const credentials = { authorization: named("authorization"), apiKey: named("x-api-key") };
  return credentials.authorization === null && credentials.apiKey === null ? null : credentials;
}
