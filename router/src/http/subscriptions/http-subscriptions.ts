import { CodedError } from "@mib/service/coded-error";
import type { Caller } from "../../authentication/caller.ts";
import type { Revocations } from "../../authentication/revocations.ts";
import { openSubscription } from "../../request/open-subscription.ts";
import type { RunnableOperation } from "../../request/operation-runner.ts";
import type { StreamRequest } from "../../streams/resume/stream-request.ts";
import { AddressCounts } from "../../subscription/address-counts.ts";
import type { OperationCall } from "../../subscription/connection-operations.ts";
import { CredentialEnds, type Credentialed } from "../../subscription/credential-ends.ts";
import { inSteps } from "../../subscription/in-steps.ts";
import type { OngoingResponse } from "../http-exchange.ts";
import { EventStream, type EventStreamOptions } from "./event-stream.ts";
import { HttpSubscription, type HttpSubscriptionOptions } from "./http-subscription.ts";
import type { SubscriptionFormat } from "./subscription-format.ts";

export interface HttpSubscriptionsOptions extends EventStreamOptions, HttpSubscriptionOptions {
  revocations: Revocations;
  openMax: number;
  openPerAddressMax: number;
  heartbeatMs: number;
  /** Whether other processes serve on the same port, which know nothing of the streams that are reserved here. */
  sharesPort: boolean;
}

/** One client's wish to subscribe. */
export interface HttpSubscribing {
  operation: RunnableOperation;
  caller: Caller;
  address: string;
  format: SubscriptionFormat;
  /** What the client says about going on with its stream. */
  request: StreamRequest | null;
  /** Whether it wants cursors in the extensions. */
  withCursor: boolean;
}

type StreamedCall = Omit<OperationCall, "identity">;

/** What outlives the request that it came by. */
interface Lasting extends Credentialed {
  readonly backlogBytes: number;
  beat(): void;
  /** Sends the client away, which may come back. */
  interrupt(error: CodedError): void;
}

/** All subscriptions that responses carry: their number, signs of life, the end of credentials and of the process. */
export class HttpSubscriptions {
  readonly #options: HttpSubscriptionsOptions;
  readonly #open = new Set<Lasting>();
  readonly #streams = new Map<string, EventStream>();
  readonly #perAddress = new AddressCounts();
  readonly #credentialEnds: CredentialEnds;
  readonly #heartbeat: NodeJS.Timeout;
  #isDraining = false;

  constructor(options: HttpSubscriptionsOptions) {
    this.#options = options;
    this.#credentialEnds = new CredentialEnds(options.revocations);
    this.#heartbeat = setInterval(() => {
      for (const one of this.#open) one.beat();
    }, options.heartbeatMs).unref();
  }

  /** Bytes that wait for clients. */
  get backlogBytes(): number {
    let bytes = 0;
    for (const one of this.#open) bytes += one.backlogBytes;
    return bytes;
  }

  /** Answers with a subscription. Throws coded errors, and has sent nothing then. */
  open(response: OngoingResponse, { operation, caller, address, format, request, withCursor }: HttpSubscribing): void {
    const { streamed, upstream, operationName } = operation.prepared;
    const label = this.#options.metrics.operationLabel(operationName ?? (streamed ?? upstream)!.fieldName);
    this.#checkLimits(address);
    const facts = { format, label, conflates: streamed?.delivery === "LATEST", withCursor };
    const subscription = new HttpSubscription(response, facts, this.#options);
    if (this.#isDraining) {
      subscription.open(() => () => {});
      subscription.interrupt(new CodedError("SERVICE_UNAVAILABLE"));
      return;
    }
    subscription.open((subscriber) =>
      openSubscription(this.#options, operation, { identity: caller.identity, request, address }, subscriber),
    );
    response.once("close", this.#keep(subscription, address, caller));
  }

  /** Reserves a stream that will carry many operations; returns the token that names it. Throws coded errors. */
  reserve(caller: Caller, address: string): string {
    if (this.#options.sharesPort)
      throw new CodedError(
        "OPERATION_NOT_SUPPORTED",
        "Event streams of several operations need a router of one process: send each operation by a request of its own.",
      );
    if (this.#isDraining) throw new CodedError("SERVICE_UNAVAILABLE");
    this.#checkLimits(address);
    const stream = new EventStream(caller, this.#options, () => {
      this.#streams.delete(stream.token);
      forget();
    });
    const forget = this.#keep(stream, address, caller);
    this.#streams.set(stream.token, stream);
    return stream.token;
  }

  /**
   * Begins an operation on a reserved stream, which then ends with the first of the credentials that were shown for it.
   * Throws coded errors where it cannot begin.
   */
  begin(
    token: string,
    { id, operation, caller, ...call }: { id: string; operation: RunnableOperation; caller: Caller } & StreamedCall,
  ): void {
    const stream = this.stream(token);
    stream.begin(id, operation, { ...call, identity: caller.identity });
    // It may have ended the stream already.
    if (this.#streams.has(token)) this.#credentialEnds.add(stream, caller);
  }

  /** Throws NOT_FOUND where there is none, or none any more. */
  stream(token: string): EventStream {
    const stream = this.#streams.get(token);
    if (!stream) throw new CodedError("NOT_FOUND", "There is no event stream of this token: reserve another one.");
    return stream;
  }

  /** Sends every client away, spread over a while. */
  async drain(overMs: number): Promise<void> {
    this.#isDraining = true;
    clearInterval(this.#heartbeat);
    this.#credentialEnds.stop();
    await inSteps([...this.#open], overMs, (one) => one.interrupt(new CodedError("SERVICE_UNAVAILABLE")));
  }

  #checkLimits(address: string): void {
    const { openMax, openPerAddressMax } = this.#options;
    if (this.#open.size >= openMax)
      throw limitExceeded("The router has as many subscriptions over HTTP as it may have.");
    if (this.#perAddress.of(address) >= openPerAddressMax)
      throw limitExceeded(`An address may have ${openPerAddressMax} subscriptions over HTTP at a time.`);
  }

  /** Returns how to forget it. */
  #keep(one: Lasting, address: string, caller: Caller): () => void {
    this.#open.add(one);
    this.#perAddress.add(address);
    this.#credentialEnds.add(one, caller);
    return () => {
      this.#open.delete(one);
      this.#perAddress.delete(address);
      this.#credentialEnds.delete(one);
    };
  }
}

const limitExceeded = (message: string): CodedError => new CodedError("SUBSCRIPTION_LIMIT_EXCEEDED", message);
