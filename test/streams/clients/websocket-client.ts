import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import type { RecordedSubscription, StreamResult } from "./recorded-subscription.ts";
import { retryWaitMs, type StreamClient, type StreamClientOptions } from "./stream-client.ts";

const KEEP_ALIVE_MS = 1_500;
const CONNECT_MS_MAX = 5_000;

/** The stock `graphql-ws` client with the pings that its documentation advises, one socket for all subscriptions. */
export function websocketClient({
  name,
  subscriptions,
  endpoint,
  pongMsMax = 3_000,
}: StreamClientOptions & { pongMsMax?: number }): StreamClient {
  const named = new Map(subscriptions.map((subscription) => [subscription.wanted.name, subscription]));
  const sockets = new Set<WebSocket>();
  let isStopped = false;

  /** Notes what is sent: the subscribe message names its subscription by its id. */
  class WatchedSocket extends WebSocket {
    constructor(address: string, protocols: string | string[]) {
      super(address, protocols, { handshakeTimeout: CONNECT_MS_MAX, perMessageDeflate: false });
      sockets.add(this);
      this.once("close", () => sockets.delete(this));
    }

    override send(data: any): void {
      const message = JSON.parse(String(data)) as { type: string; id: string; payload: any };
      if (message.type === "subscribe")
        named.get(message.id)!.subscribed(message.payload.extensions.stream.after ?? null);
      super.send(data);
    }
  }

  const endSockets = () => sockets.forEach((socket) => socket.terminate());
  let pongDue: NodeJS.Timeout | undefined;
  const client = createClient({
    url: endpoint,
    webSocketImpl: WatchedSocket,
    lazy: true,
    keepAlive: KEEP_ALIVE_MS,
    connectionAckWaitTimeout: CONNECT_MS_MAX,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => !isStopped,
    retryWait: () => delay(retryWaitMs()),
    generateID: (payload) => payload.operationName!,
    on: {
      ping(received) {
        // Not `client.terminate()`: after that the stock client still hears the old socket, beside the new one.
        if (!received) pongDue = setTimeout(endSockets, pongMsMax);
      },
      pong(received, payload) {
        if (!received) return;
        const heads = (payload as any)?.stream?.heads as Record<string, string> | undefined;
        if (heads === undefined) clearTimeout(pongDue);
        for (const [id, cursor] of Object.entries(heads ?? {})) named.get(id)?.head(cursor);
      },
      closed: () => clearTimeout(pongDue),
    },
  });

  function subscribe(subscription: RecordedSubscription): void {
    if (isStopped) return;
    const { query, variables } = subscription.wanted;
    client.subscribe(
      { query, variables, operationName: subscription.wanted.name, extensions: { stream: subscription.request } },
      {
        next: (result) => subscription.received(result as StreamResult),
        error: (thrown) => again(subscription, Array.isArray(thrown) ? thrown[0] : thrown),
        complete: () => again(subscription, { message: "COMPLETE" }),
      },
    );
  }

  function again(subscription: RecordedSubscription, error: any): void {
    if (isStopped) return;
    subscription.ended(error);
    setTimeout(() => subscribe(subscription), retryWaitMs());
  }

  for (const subscription of subscriptions) subscribe(subscription);
  return {
    name,
    subscriptions,
    kill: endSockets,
    pause: () => sockets.forEach((socket) => socket.pause()),
    resume: () => sockets.forEach((socket) => socket.resume()),
    async stop() {
      isStopped = true;
      clearTimeout(pongDue);
      await client.dispose();
      endSockets();
    },
  };
}
