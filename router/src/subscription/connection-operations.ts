import type { CallerIdentity } from "@mib/identity/caller-identity";
import { CodedError } from "@mib/service/coded-error";
import { codeOf, formatError } from "../http/error-body.ts";
import type { HookChain } from "../plugins/hook-chain.ts";
import { openSubscription, type SubscriptionOptions } from "../request/open-subscription.ts";
import type { Client, IncrementallyRunnable, RunnableOperation } from "../request/operation-runner.ts";
import type { EndingError } from "../streams/group.ts";
import type { StreamRequest } from "../streams/resume/stream-request.ts";
import type { RouterMetrics, Transport } from "../telemetry/router-metrics.ts";
import type { Backpressure } from "./backpressure.ts";
import type { EndReason } from "./end-reason.ts";
import { ConnectionSubscription, type EventOutlet, type SubscriptionHost } from "./connection-subscription.ts";

/** What a client with several operations on one connection is told, in the words of its protocol. */
export interface OperationWire {
  readonly transport: Exclude<Transport, "http">;
  readonly backpressure: Backpressure;
  /** A result of an operation, as the text of its body. */
  next(id: string, body: string): void;
  /** What an event of a subscription begins with, before its body and the brace that closes the message. */
  eventPrefix(id: string): Buffer;
  readonly events: EventOutlet;
  complete(id: string): void;
  /** The operation is over with errors; returns how many bytes that took. */
  errors(id: string, errors: readonly { extensions: Readonly<Record<string, unknown>> }[]): number;
  /** The client takes too little of what is sent. */
  tooSlow(): void;
}

export interface ConnectionOperationsOptions extends SubscriptionOptions {
  metrics: RouterMetrics;
  operationsMax: number;
}

/** An operation that is being prepared or executed; replaced by a subscription when it is one. */
export interface RunningOperation {
  ended: boolean;
  /** Gives up what is under way; set while the operation is answered in parts. */
  giveUp: (() => void) | null;
}

/** Who asks, and who follows the request. */
export interface OperationCall {
  identity: CallerIdentity;
  client: Omit<Client, "hooks" | "trace">;
  hooks: HookChain | null;
  /** What the client says about going on with a stream. */
  request: StreamRequest | null;
  startedAt: number;
}

/** The operations that are under way on one connection, by the ids that the client gave them. */
export class ConnectionOperations implements SubscriptionHost {
  readonly #wire: OperationWire;
  readonly #options: ConnectionOperationsOptions;
  readonly #operations = new Map<string, RunningOperation | ConnectionSubscription>();

  constructor(wire: OperationWire, options: ConnectionOperationsOptions) {
    this.#wire = wire;
    this.#options = options;
  }

  get backpressure(): Backpressure {
    return this.#wire.backpressure;
  }

  get events(): EventOutlet {
    return this.#wire.events;
  }

  get isFull(): boolean {
    return this.#operations.size >= this.#options.operationsMax;
  }

  has(id: string): boolean {
    return this.#operations.has(id);
  }

  ids(): string[] {
    return [...this.#operations.keys()];
  }

  /** The newest events that the client should have, of the subscriptions where that is news; null when there are none. */
  newHeads(): Record<string, string> | null {
    const heads: [string, string][] = [];
    for (const [id, operation] of this.#operations) {
      const head = operation instanceof ConnectionSubscription ? operation.newHead() : null;
      if (head !== null) heads.push([id, head]);
    }
    // By entries: an id may be any text, `__proto__` too.
    return heads.length === 0 ? null : Object.fromEntries(heads);
  }

  begin(id: string): RunningOperation {
    const running: RunningOperation = { ended: false, giveUp: null };
    this.#operations.set(id, running);
    return running;
  }

  /** Subscribes, or executes and answers. Throws coded errors. */
  async run(id: string, running: RunningOperation, operation: RunnableOperation, call: OperationCall): Promise<void> {
    const { hooks, identity, client, startedAt } = call;
    const { prepared } = operation;
    if (prepared.kind === "subscription") {
      this.#subscribe(id, operation, call);
      hooks?.respond({ status: 200, bytes: 0, setHeader() {} });
      return;
    }
    const { runner, metrics } = this.#options;
    const parts = prepared.incremental && (await prepared.incremental(operation.variables));
    if (running.ended) return;
    if (parts !== null) return this.#answerInParts(id, running, { ...operation, parts }, call);
    const answer = await runner.execute(operation, identity, { ...client, hooks });
    const { body } = answer;
    metrics.operation(this.#wire.transport, prepared, answer, performance.now() - startedAt);
    await this.#room(running);
    if (!running.ended) this.answer(id, body, hooks);
  }

  /** Ends an operation with its answer. */
  answer(id: string, body: string, hooks: HookChain | null): void {
    this.end(id, "source");
    this.#wire.next(id, body);
    this.#wire.complete(id);
    hooks?.respond({ status: 200, bytes: Buffer.byteLength(body), setHeader() {} });
  }

  /** Ends an operation with errors. */
  fail(
    id: string,
    errors: readonly { extensions: Readonly<Record<string, unknown>> }[],
    hooks: HookChain | null,
    status = 400,
  ): void {
    this.end(id, codeOf(errors));
    const bytes = this.#wire.errors(id, errors);
    hooks?.reportErrors(errors);
    hooks?.respond({ status, bytes, setHeader() {} });
  }

  /** Ends an operation without telling the client. */
  end(id: string, reason: EndReason): void {
    const operation = this.#operations.get(id);
    if (!operation) return;
    this.#operations.delete(id);
    if (operation instanceof ConnectionSubscription) {
      operation.end();
      if (operation.hasStarted) this.#options.metrics.subscriptionEnded(operation.label, this.#wire.transport, reason);
    } else {
      operation.ended = true;
      operation.giveUp?.();
    }
  }

  endAll(reason: EndReason): void {
    for (const id of this.#operations.keys()) this.end(id, reason);
  }

  tooSlow(): void {
    this.#wire.tooSlow();
  }

  subscriptionStarted(label: string): void {
    this.#options.metrics.subscriptionStarted(label, this.#wire.transport);
  }

  eventsConflated(count: number): void {
    this.#options.metrics.conflated(count);
  }

  eventDeliveredLate(): void {
    this.#options.metrics.deliveredLate();
  }

  subscriptionEnded(id: string, errors: readonly EndingError[] | null): void {
    if (errors !== null) this.fail(id, errors, null);
    else this.#complete(id);
  }

  subscriptionFailed(id: string, error: CodedError): void {
    this.#options.metrics.refused(this.#wire.transport, error.code);
    this.fail(id, [formatError(error)], null); // those who follow its request heard that it began
  }

  #subscribe(id: string, operation: RunnableOperation, { identity, request, client }: OperationCall): void {
    const { streamed, upstream, operationName } = operation.prepared;
    const subscription = new ConnectionSubscription(this, {
      id,
      label: this.#options.metrics.operationLabel(operationName ?? (streamed ?? upstream)!.fieldName),
      conflates: streamed?.delivery === "LATEST",
      withCursor: request !== null,
      prefix: this.#wire.eventPrefix(id),
    });
    this.#operations.set(id, subscription);
    const leave = openSubscription(
      this.#options,
      operation,
      { identity, request, address: client.address ?? "" },
      subscription,
    );
    // Its first delivery may have ended the connection already.
    if (this.#operations.get(id) === subscription) subscription.leave = leave;
    else leave();
  }

  async #answerInParts(
    id: string,
    running: RunningOperation,
    operation: IncrementallyRunnable,
    { identity, client, hooks, startedAt }: OperationCall,
  ): Promise<void> {
    const { runner, metrics } = this.#options;
    const gone = new AbortController();
    running.giveUp = () => gone.abort();
    let hasErrors = false;
    let bytes = 0;
    for await (const payload of runner.executeInParts(operation, identity, { ...client, hooks, gone: gone.signal })) {
      if (running.ended) return;
      bytes += Buffer.byteLength(payload.text);
      hasErrors ||= payload.hasErrors;
      await this.#room(running);
      if (running.ended) return;
      this.#wire.next(id, payload.text);
    }
    if (running.ended) return;
    this.#complete(id);
    hooks?.respond({ status: 200, bytes, setHeader() {} });
    metrics.operationInParts(this.#wire.transport, operation.prepared, hasErrors, performance.now() - startedAt);
  }

  /** Until the client has taken so much of what waits that more may: meanwhile the operation counts as under way. */
  async #room(running: RunningOperation): Promise<void> {
    while (this.backpressure.isFull && !running.ended) await this.backpressure.drained();
  }

  #complete(id: string): void {
    this.end(id, "source");
    this.#wire.complete(id);
  }
}
