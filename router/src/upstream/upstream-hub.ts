import { CodedError } from "@mib/service/coded-error";
import type { GroupSpec, Subscriber } from "../streams/group.ts";
import { UpstreamSubscription, type UpstreamObserver, type UpstreamSpec } from "./upstream-subscription.ts";

/** All subscriptions at subgraphs: who asks for what somebody else has already gets it from the same one. */
export class UpstreamHub {
  readonly #observer: UpstreamObserver;
  readonly #subscriptions = new Map<string, UpstreamSubscription>();
  readonly #open = new Map<string, number>();

  constructor(observer: UpstreamObserver) {
    this.#observer = observer;
  }

  /** `key` is equal where one subscription will do. Throws SUBSCRIPTION_LIMIT_EXCEEDED; returns how to leave. */
  open(key: string, spec: UpstreamSpec, group: GroupSpec, subscriber: Subscriber): () => void {
    const known = this.#subscriptions.get(key);
    if (known) return known.join(group, subscriber);
    const { subgraph, client } = spec;
    const open = this.#open.get(subgraph) ?? 0;
    if (open >= client.subscriptions.openMax)
      throw new CodedError("SUBSCRIPTION_LIMIT_EXCEEDED", "The subgraph has as many subscriptions as it may have.");
    const subscription = new UpstreamSubscription(spec, this.#observer, () => {
      this.#subscriptions.delete(key);
      this.#open.set(subgraph, this.#open.get(subgraph)! - 1);
    });
    this.#subscriptions.set(key, subscription);
    this.#open.set(subgraph, open + 1);
    return subscription.join(group, subscriber);
  }
}
