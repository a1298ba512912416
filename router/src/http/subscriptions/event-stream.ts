import { randomBytes } from "node:crypto";
import { CodedError } from "@mib/service/coded-error";
import type { Caller } from "../../authentication/caller.ts";
import type { RunnableOperation } from "../../request/operation-runner.ts";
import type { Backpressure, BackpressureLimits } from "../../subscription/backpressure.ts";
import {
  ConnectionOperations,
  type ConnectionOperationsOptions,
  type OperationCall,
  type OperationWire,
} from "../../subscription/connection-operations.ts";
import type { EventOutlet } from "../../subscription/connection-subscription.ts";
import type { Credentialed } from "../../subscription/credential-ends.ts";
import type { EndReason } from "../../subscription/end-reason.ts";
import { formatError, toCodedError } from "../error-body.ts";
import type { OngoingResponse } from "../http-exchange.ts";
import { OutgoingStream } from "./outgoing-stream.ts";
import { jittered, SUBSCRIPTION_FORMATS } from "./subscription-format.ts";

export interface EventStreamOptions extends ConnectionOperationsOptions, BackpressureLimits {
  retryMs: number;
  /** For so long a reservation is kept that nobody claims. */
  reservationTimeoutMs: number;
}

const TOKEN_BYTES = 24;
const EVENT_END = Buffer.from("\n\n");
const { opening, interruption, heartbeat, contentType } = SUBSCRIPTION_FORMATS.sse;

/**
 * One response that carries all operations of a client: GraphQL over SSE, single connection mode. It is reserved first, then
 * claimed by the request that it answers; operations come by requests of their own, and may before it is claimed.
 */
export class EventStream implements OperationWire, Credentialed {
  readonly transport = "sse";
  /** Whoever has it is who reserved it. */
  readonly token = randomBytes(TOKEN_BYTES).toString("base64url");
  readonly events: EventOutlet = {
    write: (prefix, body) => this.#stream.writer.write(prefix, body, EVENT_END),
  };
  readonly #caller: Caller;
  readonly #options: EventStreamOptions;
  readonly #onOver: () => void;
  readonly #stream: OutgoingStream;
  readonly #operations: ConnectionOperations;
  readonly #reservation: NodeJS.Timeout;
  #isOver = false;

  /** `onOver` is called once, when it carries nothing any more. */
  constructor(caller: Caller, options: EventStreamOptions, onOver: () => void) {
    this.#caller = caller;
    this.#options = options;
    this.#onOver = onOver;
    this.#operations = new ConnectionOperations(this, options);
    this.#stream = new OutgoingStream({
      contentType,
      opening: opening(jittered(options.retryMs)),
      heartbeat,
      limits: options,
      stalled: () => this.tooSlow(),
      closed: () => this.#over("disconnected"),
    });
    this.#reservation = setTimeout(() => this.#over("disconnected"), options.reservationTimeoutMs);
  }

  get backpressure(): Backpressure {
    return this.#stream.backpressure;
  }

  /** Goes out by this response. Throws EVENT_STREAM_CONFLICT where it has one. */
  claim(response: OngoingResponse): void {
    if (this.#stream.isAttached)
      throw new CodedError("EVENT_STREAM_CONFLICT", "The event stream is claimed by another request.");
    clearTimeout(this.#reservation);
    this.#stream.attach(response);
  }

  /** Begins an operation, whose results and errors the stream carries. Throws coded errors where it cannot begin. */
  begin(id: string, operation: RunnableOperation, call: OperationCall): void {
    const { metrics, log, operationsMax } = this.#options;
    const operations = this.#operations;
    if (call.identity.subject !== this.#caller.identity.subject)
      throw new CodedError("FORBIDDEN", "The event stream is another caller's.");
    if (operations.has(id))
      throw new CodedError("EVENT_STREAM_CONFLICT", "The event stream has an operation with this id.");
    if (operations.isFull)
      throw new CodedError("SUBSCRIPTION_LIMIT_EXCEEDED", `A stream may have ${operationsMax} operations at a time.`);
    const running = operations.begin(id);
    operations
      .run(id, running, operation, call)
      .catch((thrown: unknown) => {
        const error = toCodedError(thrown, log, "event stream");
        metrics.refused(this.transport, error.code);
        if (!running.ended) operations.fail(id, [formatError(error)], call.hooks, error.status);
      })
      // Of those that the client gave up; all others are told by now.
      .finally(() => call.hooks?.respond({ status: 499, bytes: 0, setHeader() {} }));
  }

  /** The client wants no more of an operation. */
  stop(id: string): void {
    this.#operations.end(id, "client");
  }

  get backlogBytes(): number {
    return this.backpressure.backlogBytes;
  }

  beat(): void {
    if (!this.#isOver) this.#stream.beat();
  }

  interrupt(error: CodedError): void {
    if (this.#isOver) return;
    this.#over(error.code);
    this.#options.metrics.closed(this.transport, error.code);
    this.#stream.sendAway(interruption(error, jittered(this.#options.retryMs)));
  }

  credentialEnded(): void {
    if (this.#isOver) return;
    const error = new CodedError("CREDENTIAL_INVALID");
    for (const id of this.#operations.ids()) this.#operations.fail(id, [formatError(error)], null, error.status);
    this.#over(error.code);
    this.#options.metrics.closed(this.transport, error.code);
    this.#stream.end("");
  }

  next(id: string, body: string): void {
    this.#write(`event: next\ndata: {"id":${JSON.stringify(id)},"payload":${body}}\n\n`);
  }

  eventPrefix(id: string): Buffer {
    return Buffer.from(`event: next\ndata: {"id":${JSON.stringify(id)},"payload":`);
  }

  complete(id: string): void {
    this.#write(`event: complete\ndata: {"id":${JSON.stringify(id)}}\n\n`);
  }

  errors(id: string, errors: readonly object[]): number {
    const body = JSON.stringify({ errors });
    this.next(id, body);
    this.complete(id);
    return Buffer.byteLength(body);
  }

  tooSlow(): void {
    this.interrupt(new CodedError("SLOW_CONSUMER"));
  }

  #write(text: string): void {
    this.#stream.writer.write(Buffer.from(text));
  }

  #over(reason: EndReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#reservation);
    this.#operations.endAll(reason);
    this.backpressure.close();
    this.#onOver();
  }
}
