import type { ServerResponse } from "node:http";
import { CodedError } from "@mib/service/coded-error";
import type { Caller } from "../../authentication/caller.ts";
import { openSubscription, type SubscriptionOptions } from "../../request/open-subscription.ts";
import type { OperationRunner, RunnableOperation } from "../../request/operation-runner.ts";
import type { StreamRequest } from "../../streams/resume/stream-request.ts";
import { AddressCounts } from "../../subscription/address-counts.ts";
import { CredentialEnds } from "../../subscription/credential-ends.ts";
import { inSteps } from "../../subscription/in-steps.ts";
import type { RouterMetrics } from "../../telemetry/router-metrics.ts";
import { HttpSubscription, type HttpSubscriptionOptions } from "./http-subscription.ts";
import type { SubscriptionFormat } from "./subscription-format.ts";

export interface HttpSubscriptionsOptions extends Omit<SubscriptionOptions, "runner">, HttpSubscriptionOptions {
  metrics: RouterMetrics;
  openMax: number;
  openPerAddressMax: number;
  heartbeatMs: number;
}

/** One client's wish to subscribe. */
export interface HttpSubscribing {
  operation: RunnableOperation;
  runner: OperationRunner;
  caller: Caller;
  format: SubscriptionFormat;
  /** What the client says about going on with its stream. */
  request: StreamRequest | null;
  /** Whether it wants cursors in the extensions. */
  withCursor: boolean;
}

/** All subscriptions that responses carry: their number, signs of life, the end of credentials and of the process. */
export class HttpSubscriptions {
  readonly #options: HttpSubscriptionsOptions;
  readonly #open = new Set<HttpSubscription>();
  readonly #perAddress = new AddressCounts();
  readonly #credentialEnds = new CredentialEnds();
  readonly #heartbeat: NodeJS.Timeout;
  #isDraining = false;

  constructor(options: HttpSubscriptionsOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(() => {
      for (const subscription of this.#open) subscription.beat();
    }, options.heartbeatMs).unref();
  }

  /** Answers with a subscription. Throws coded errors, and has sent nothing then. */
  open(response: ServerResponse, { operation, runner, caller, format, request, withCursor }: HttpSubscribing): void {
    const { metrics, openMax, openPerAddressMax } = this.#options;
    const { streamed, upstream, operationName } = operation.prepared;
    const label = metrics.operationLabel(operationName ?? (streamed ?? upstream)!.fieldName);
    const address = response.req.socket.remoteAddress ?? "";
    if (this.#open.size >= openMax)
      throw limitExceeded("The router has as many subscriptions over HTTP as it may have.");
    if (this.#perAddress.of(address) >= openPerAddressMax)
      throw limitExceeded(`An address may have ${openPerAddressMax} subscriptions over HTTP at a time.`);

    const facts = { format, label, conflates: streamed?.delivery === "LATEST", withCursor };
    const subscription = new HttpSubscription(response, facts, this.#options);
    if (this.#isDraining) return subscription.interrupt(new CodedError("SERVICE_UNAVAILABLE"));
    subscription.open((subscriber) =>
      openSubscription({ ...this.#options, runner }, operation, { identity: caller.identity, request }, subscriber),
    );
    this.#open.add(subscription);
    this.#perAddress.add(address);
    if (caller.expiresAtMs !== null) this.#credentialEnds.add(subscription, caller.expiresAtMs);
    response.once("close", () => {
      this.#open.delete(subscription);
      this.#perAddress.delete(address);
      this.#credentialEnds.delete(subscription);
    });
  }

  /** Sends every client away, spread over a while. */
  async drain(overMs: number): Promise<void> {
    this.#isDraining = true;
    clearInterval(this.#heartbeat);
    this.#credentialEnds.stop();
    await inSteps([...this.#open], overMs, (subscription) =>
      subscription.interrupt(new CodedError("SERVICE_UNAVAILABLE")),
    );
  }
}

const limitExceeded = (message: string): CodedError => new CodedError("SUBSCRIPTION_LIMIT_EXCEEDED", message);
