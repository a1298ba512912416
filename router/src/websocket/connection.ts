import type { Duplex } from "node:stream";
import { CodedError } from "@mib/service/coded-error";
import type { WebSocket } from "ws";
import type { Authenticator } from "../authentication/authenticator.ts";
import type { Caller, Credentials } from "../authentication/caller.ts";
import { codeOf, formatError, toCodedError } from "../http/error-body.ts";
import { requestIdFor } from "../http/request-id.ts";
import { checkParams } from "../http/graphql-params.ts";
import type { HookChain } from "../plugins/hook-chain.ts";
import type { RequestOrigin } from "../plugins/request-chain.ts";
import type { IncrementallyRunnable, RunnableOperation } from "../request/operation-runner.ts";
import { openSubscription, type SubscriptionOptions } from "../request/open-subscription.ts";
import type { RequestLimits } from "../request/request-limits.ts";
import type { EndingError } from "../streams/group.ts";
import { readStreamRequest, type StreamRequest } from "../streams/resume/stream-request.ts";
import { Backpressure, type BackpressureLimits } from "../subscription/backpressure.ts";
import type { Credentialed } from "../subscription/credential-ends.ts";
import type { RouterMetrics } from "../telemetry/router-metrics.ts";
import { CLOSE, CLOSE_REASON_BYTES_MAX } from "./close-codes.ts";
import { FrameWriter } from "./frame-writer.ts";
import { readClientMessage, type SubscribeMessage } from "./protocol.ts";
import { Subscription, type SubscriptionHost } from "./subscription.ts";

export interface ConnectionOptions extends SubscriptionOptions, BackpressureLimits {
  authenticator: Authenticator;
  limits: RequestLimits;
  metrics: RouterMetrics;
  operationsMax: number;
  initTimeoutMs: number;
  /** Called when it is known until when the connection's credential is good. */
  expires(connection: Connection, atMs: number): void;
}

/** How long a client that was told to go may take to say so, before its socket is ended. */
const CLOSE_GRACE_MS = 2_000;

const ACK = `{"type":"connection_ack"}`;
/** Says that subscriptions can go on where they were: docs/streams.md. */
const ACK_WITH_RESUME = JSON.stringify({
  type: "connection_ack",
  payload: { stream: { v: 1, modes: ["EVERY", "LATEST"] } },
});

/** An operation that is being prepared or executed; replaced by a Subscription when it is one. */
interface Running {
  ended: boolean;
  /** Gives up what is under way; set while the operation is answered in parts. */
  giveUp: (() => void) | null;
}

/** One client's connection: its side of the graphql-transport-ws protocol. */
export class Connection implements SubscriptionHost, Credentialed {
  readonly writer: FrameWriter;
  readonly backpressure: Backpressure;
  expiryTick: number | null = null;
  readonly address: string;
  /** Whether anything was heard since it was last asked for a sign of life. */
  isAlive = true;
  readonly #socket: WebSocket;
  readonly #upgradeCredentials: Credentials;
  readonly #options: ConnectionOptions;
  readonly #operations = new Map<string, Running | Subscription>();
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
    this.writer = new FrameWriter(stream);
    this.backpressure = new Backpressure(this.writer, options, () => this.tooSlow());
    this.#initTimer = setTimeout(
      () => this.close(CLOSE.initialisationTimeout, "Connection initialisation timeout"),
      options.initTimeoutMs,
    );
    socket.on("message", (data, isBinary) => this.#message(isBinary ? null : (data as Buffer).toString()));
    socket.on("pong", () => (this.isAlive = true));
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => this.#dispose());
    stream.on("drain", () => this.backpressure.release());
  }

  /** Tells the client why and ends the connection; ends the socket when the client does not answer. */
  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#dispose();
    this.#options.metrics.closed("ws", code);
    this.writer.flush();
    this.#socket.close(code, Buffer.from(reason).subarray(0, CLOSE_REASON_BYTES_MAX).toString());
    setTimeout(() => this.#socket.terminate(), CLOSE_GRACE_MS).unref();
  }

  /** Asks for a sign of life; a connection that gave none since the last time is gone. */
  checkAlive(): void {
    if (!this.isAlive) {
      this.#socket.terminate();
      return;
    }
    this.isAlive = false;
    this.writer.flush();
    this.#socket.ping();
  }

  tooSlow(): void {
    this.close(CLOSE.tryAgainLater, "SLOW_CONSUMER");
  }

  credentialEnded(): void {
    this.close(CLOSE.forbidden, "CREDENTIAL_INVALID");
  }

  subscriptionStarted(label: string): void {
    this.#options.metrics.subscriptionsOpen.inc({ operation: label, transport: "ws" });
  }

  fail(id: string, error: CodedError): void {
    this.#options.metrics.refused("ws", error.code);
    this.#fail(id, [formatError(error)], null); // those who follow its request heard that it began
  }

  subscriptionEnded(id: string, errors: readonly EndingError[] | null): void {
    if (errors !== null) this.#fail(id, errors, null);
    else this.#complete(id);
  }

  #dispose(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#initTimer) clearTimeout(this.#initTimer);
    for (const id of this.#operations.keys()) this.#end(id);
    this.backpressure.close();
  }

  /** Ends an operation without telling the client. */
  #end(id: string): void {
    const operation = this.#operations.get(id);
    if (!operation) return;
    this.#operations.delete(id);
    if (operation instanceof Subscription) {
      operation.end();
      if (operation.hasStarted)
        this.#options.metrics.subscriptionsOpen.dec({ operation: operation.label, transport: "ws" });
    } else {
      operation.ended = true;
      operation.giveUp?.();
    }
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
        this.writer.writeText(
          message.payload === undefined
            ? `{"type":"pong"}`
            : JSON.stringify({ type: "pong", payload: message.payload }),
        );
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
        this.#end(message.id);
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
    if (caller.expiresAtMs !== null) this.#options.expires(this, caller.expiresAtMs);
    this.writer.writeText(this.#options.cursors === null ? ACK : ACK_WITH_RESUME);
  }

  async #subscribe({ id, payload }: SubscribeMessage, { identity }: Caller): Promise<void> {
    const { runner, limits, metrics, log, operationsMax } = this.#options;
    const running: Running = { ended: false, giveUp: null };
    const startedAt = performance.now();
    const hooks = runner.follow?.(this.#origin()) ?? null;
    const isFull = this.#operations.size >= operationsMax;
    this.#operations.set(id, running);
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
        if (early) return this.#answer(id, JSON.stringify(early), hooks);
      }
      const verdict = await limits.take(identity, this.address);
      if (verdict?.allowed === false)
        throw new CodedError("RATE_LIMITED", undefined, { retryAfterSeconds: verdict.resetSeconds });
      const params = checkParams(payload);
      const operation = await runner.prepare(params, hooks);
      if (running.ended) return;
      if ("errors" in operation) {
        metrics.refused("ws", codeOf(operation.errors));
        this.#fail(id, operation.errors, hooks);
      } else if (operation.prepared.kind === "subscription") {
        this.#openSubscription(id, operation, { identity, request: readStreamRequest(params.extensions) });
        hooks?.respond({ status: 200, bytes: 0, setHeader() {} });
      } else {
        const { incremental } = operation.prepared;
        const parts = incremental && (await incremental(operation.variables));
        if (running.ended) return;
        if (parts !== null) return await this.#answerInParts(id, running, { ...operation, parts }, identity, hooks);
        const body = await runner.execute(operation, identity, { address: this.address, headers: null, hooks });
        metrics.operation("ws", operation.prepared, body, performance.now() - startedAt);
        if (!running.ended) this.#answer(id, body, hooks);
      }
    } catch (thrown) {
      const error = toCodedError(thrown, log, "websocket");
      metrics.refused("ws", error.code);
      if (!running.ended) this.#fail(id, [formatError(error)], hooks, error.status);
    } finally {
      // Of those that the client gave up; all others are told by now.
      hooks?.respond({ status: 499, bytes: 0, setHeader() {} });
    }
  }

  #origin(): RequestOrigin {
    const { address } = this;
    return { id: requestIdFor(undefined), transport: "ws", method: null, path: null, headers: null, address };
  }

  async #answerInParts(
    id: string,
    running: Running,
    operation: IncrementallyRunnable,
    identity: Caller["identity"],
    hooks: HookChain | null,
  ): Promise<void> {
    const { runner, metrics } = this.#options;
    const startedAt = performance.now();
    const gone = new AbortController();
    running.giveUp = () => gone.abort();
    let hasErrors = false;
    let bytes = 0;
    for await (const payload of runner.executeInParts(operation, identity, {
      address: this.address,
      headers: null,
      hooks,
      gone: gone.signal,
    })) {
      if (running.ended) return;
      bytes += Buffer.byteLength(payload.text);
      hasErrors ||= payload.hasErrors;
      this.writer.writeText(`{"id":${JSON.stringify(id)},"type":"next","payload":${payload.text}}`);
    }
    if (running.ended) return;
    this.#complete(id);
    hooks?.respond({ status: 200, bytes, setHeader() {} });
    metrics.operationInParts("ws", operation.prepared, hasErrors, performance.now() - startedAt);
  }

  #openSubscription(
    id: string,
    operation: RunnableOperation,
    caller: { identity: Caller["identity"]; request: StreamRequest | null },
  ): void {
    const { streamed, upstream, operationName } = operation.prepared;
    const label = this.#options.metrics.operationLabel(operationName ?? (streamed ?? upstream)!.fieldName);
    const subscription = new Subscription(this, {
      id,
      label,
      conflates: streamed?.delivery === "LATEST",
      withCursor: caller.request !== null,
    });
    this.#operations.set(id, subscription);
    const leave = openSubscription(this.#options, operation, caller, subscription);
    // Its first delivery may have ended the connection already.
    if (this.#operations.get(id) === subscription) subscription.leave = leave;
    else leave();
  }

  #complete(id: string): void {
    this.#end(id);
    this.writer.writeText(`{"id":${JSON.stringify(id)},"type":"complete"}`);
  }

  /** Ends an operation with its answer. */
  #answer(id: string, body: string, hooks: HookChain | null): void {
    this.#end(id);
    this.writer.writeText(`{"id":${JSON.stringify(id)},"type":"next","payload":${body}}`);
    this.writer.writeText(`{"id":${JSON.stringify(id)},"type":"complete"}`);
    hooks?.respond({ status: 200, bytes: Buffer.byteLength(body), setHeader() {} });
  }

  /** Ends an operation with errors. */
  #fail(
    id: string,
    errors: readonly { extensions: Record<string, unknown> }[],
    hooks: HookChain | null,
    status = 400,
  ): void {
    this.#end(id);
    const text = JSON.stringify({ id, type: "error", payload: errors });
    this.writer.writeText(text);
    hooks?.reportErrors(errors);
    hooks?.respond({ status, bytes: Buffer.byteLength(text), setHeader() {} });
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
