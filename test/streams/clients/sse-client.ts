import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "graphql-sse";
import { Agent, fetch } from "undici";
import type { RecordedSubscription, StreamResult } from "./recorded-subscription.ts";
import { retryWaitMs, type StreamClient, type StreamClientOptions } from "./stream-client.ts";

/** Longer than the router's heartbeats are apart: a response that is silent for so long is lost. */
const SILENT_MS_MAX = 9_000;

/** The stock `graphql-sse` client, a response for each subscription. */
export function sseClient({ name, subscriptions, endpoint }: StreamClientOptions): StreamClient {
  let isStopped = false;
  const newAgent = () =>
    new Agent({ bodyTimeout: SILENT_MS_MAX, headersTimeout: SILENT_MS_MAX, connect: { timeout: SILENT_MS_MAX } });
  let agent = newAgent();

  const clients = subscriptions.map((subscription) => {
    const client = createClient({
      url: endpoint,
      retryAttempts: Number.POSITIVE_INFINITY,
      retry: () => delay(retryWaitMs()),
      fetchFn(url: string, init: { body: string }) {
        const { extensions } = JSON.parse(init.body) as { extensions: { stream: { after?: string } } };
        subscription.subscribed(extensions.stream.after ?? null);
        return fetch(url, { ...init, dispatcher: agent });
      },
    });
    subscribe(subscription, client);
    return client;
  });

  function subscribe(subscription: RecordedSubscription, client: ReturnType<typeof createClient>): void {
    if (isStopped) return;
    const { query, variables } = subscription.wanted;
    let error: any = null;
    client.subscribe(
      { query, variables, operationName: subscription.wanted.name, extensions: { stream: subscription.request } },
      {
        // An error ends the stream: it comes as a result without data, and "complete" follows.
        next(result) {
          if (result.data == null && result.errors) error = result.errors[0];
          else subscription.received(result as StreamResult);
        },
        error: (thrown) => again(subscription, client, thrown),
        complete: () => again(subscription, client, error ?? { message: "COMPLETE" }),
      },
    );
  }

  function again(subscription: RecordedSubscription, client: ReturnType<typeof createClient>, error: any): void {
    if (isStopped) return;
    subscription.ended(error);
    setTimeout(() => subscribe(subscription, client), retryWaitMs());
  }

  const lose = () => {
    const lost = agent;
    agent = newAgent();
    return lost.destroy();
  };
  return {
    name,
    subscriptions,
    kill: () => void lose(),
    pause() {},
    resume() {},
    async stop() {
      isStopped = true;
      for (const client of clients) client.dispose();
      await lose();
    },
  };
}
