import { eventually } from "@mib/testkit/eventually";
import { appendEvents, type Append } from "@mib/stream-window/append-function";
import { loadLibrary } from "@mib/stream-window/library";
import { markWhole } from "@mib/stream-window/progress";
import { generateIdentityKeys } from "@mib/identity/identity-keys";
import { createIdentitySigner } from "@mib/identity/identity-signer";
import { createIdentityVerifier, type IdentityVerifier } from "@mib/identity/identity-verifier";
import { adminHandler } from "@mib/service/admin-server";
import { createService, type Service } from "@mib/service/run";
import { servers, uniqueName } from "@mib/testkit/servers";
import { createClient as createSseClient, type Client as SseClient } from "graphql-sse";
import { createClient, type Client } from "graphql-ws";
import { Redis } from "ioredis";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { routerConfigSchema, type RouterConfig } from "../../router/src/config/router-config.ts";
import { keyPairOf } from "../../router/src/http/tls/key-pair.ts";
import { startRouter } from "../../router/src/router.ts";
import { federated, type SubgraphRequest, type TestSubgraph } from "../federation/federated.ts";

process.env["LOG_LEVEL"] ??= "silent";

export interface RunningRouter {
  url: string;
  wsUrl: string;
  service: Service;
  /** What the subgraphs were asked, in order. */
  requests: SubgraphRequest[];
  /** Reads the identities that the router sends. */
  verifier(audience: string): Promise<IdentityVerifier>;
  /** Posts a GraphQL request. */
  post(body: unknown, headers?: Record<string, string>): Promise<{ status: number; headers: Headers; body: any }>;
  client(connectionParams?: Record<string, unknown> | (() => Record<string, unknown>)): Client;
  sseClient(headers?: Record<string, string>): SseClient;
  metric(name: string): Promise<number>;
  fetch: typeof globalThis.fetch;
  /** Takes other settings into use. */
  replace(settings: Record<string, unknown>): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a router on subgraphs of its own; all of it ends with the test. Its clients use `fetch` and trust `certificate`. */
export async function runningRouter(
  subgraphs: Record<string, TestSubgraph>,
  settings: Record<string, unknown> = {},
  { fetch = globalThis.fetch, certificate }: { fetch?: typeof globalThis.fetch; certificate?: string } = {},
): Promise<RunningRouter> {
  const { supergraphSdl, requests } = await federated(subgraphs);
  const keys = generateIdentityKeys();
  const service = createService("router");
  const configOf = (given: Record<string, unknown>): RouterConfig =>
    routerConfigSchema.parse({ ...given, supergraph: { file: "given" }, listen: { port: 0 } });
  // Port 0 picks a free one, which the URL does not show: the server tells.
  const config = configOf(settings);
  const { url, replace } = await startRouter(service, {
    config,
    supergraphSdl,
    keyPair: keyPairOf(config.tls),
    signer: await createIdentitySigner({ privateKeyPem: keys.privateKeyPem }),
    admin: adminHandler(service),
  });
  const stop = () => service.shutdown("the test is over");
  onTestFinished(stop);
  return {
    url,
    wsUrl: url.replace("http", "ws"),
    service,
    requests,
    fetch,
    verifier: (audience) => createIdentityVerifier({ publicKeyPem: keys.publicKeyPem, audience }),
    async post(body, headers = {}) {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/graphql-response+json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: text === "" ? null : JSON.parse(text) };
    },
    client(connectionParams) {
      const client = createClient({
        url: url.replace("http", "ws"),
        webSocketImpl: certificate === undefined ? WebSocket : socketTrusting(certificate),
        retryAttempts: 0,
        ...(connectionParams && { connectionParams }),
      });
      onTestFinished(() => void client.dispose());
      return client;
    },
    sseClient(headers) {
      const client = createSseClient({ url, retryAttempts: 0, fetchFn: fetch, ...(headers && { headers }) });
      onTestFinished(() => client.dispose());
      return client;
    },
    async metric(name) {
      const text = await service.registry.metrics();
      return [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))].reduce(
        (sum, [, value]) => sum + Number(value),
        0,
      );
    },
    replace: async (next) => {
      const nextConfig = configOf(next);
      await replace({ config: nextConfig, supergraphSdl, keyPair: keyPairOf(nextConfig.tls) });
    },
    stop,
  };
}

/** What graphql-ws makes its sockets with. */
function socketTrusting(ca: string) {
  return class extends WebSocket {
    constructor(address: string, protocol: string) {
      super(address, protocol, { ca });
    }
  };
}

export interface Received {
  values: any[];
  errors: any[];
  done: boolean;
  stop(): void;
}

/** Subscribes and keeps everything that comes. */
export function receive(
  client: Pick<Client, "subscribe"> | Pick<SseClient, "subscribe">,
  query: string,
  variables: Record<string, unknown> = {},
  extensions?: Record<string, unknown>,
): Received {
  const received: Received = { values: [], errors: [], done: false, stop: () => {} };
  received.stop = client.subscribe(
    { query, variables, ...(extensions && { extensions }) },
    {
      next: (result) => void received.values.push(result),
      error: (error) => void received.errors.push(error),
      complete: () => void (received.done = true),
    },
  );
  return received;
}

const LIMITS = { entriesMax: 1_000, bytesMax: 100_000_000, ageMsMax: 3_600_000 };

/** A topic that only this test uses, and a way to append to it as the relay does. */
export async function streamTopic(label: string): Promise<{
  topic: string;
  redis: Redis;
  /** Appends and publishes; `publish: false` stands for a message that pub/sub lost. */
  append(
    channel: string,
    id: number,
    value: unknown,
    options?: { epoch?: string; publish?: boolean; traceparent?: string },
  ): Promise<string>;
}> {
  const topic = uniqueName(label);
  const redis = new Redis(servers.redisUrl);
  onTestFinished(async () => {
    const keys = await redis.keys(`{${topic}/*`);
    if (keys.length > 0) await redis.del(...keys);
    redis.disconnect();
  });
  await loadLibrary(redis);
  await markWhole(redis, topic, []);
  return {
    topic,
    redis,
    async append(channel, id, value, { epoch = "e1", publish = true, traceparent } = {}) {
      const event: Append = {
        topic,
        channel,
        epoch,
        id: `${id}-0`,
        brokerTimeMs: Date.now(),
        traceparent: traceparent ?? null,
        value: JSON.stringify(value),
      };
      const [outcome] = await appendEvents(redis, [event], { limits: LIMITS, publish: publish ? "PUBLISH" : "NONE" });
      return outcome!;
    },
  };
}

/** Appends large events to s1, whose values count from 1, until the condition holds; returns how many. */
export async function appendUntil(
  append: (channel: string, id: number, value: unknown) => Promise<string>,
  holds: () => Promise<void>,
): Promise<number> {
  const text = "x".repeat(200_000);
  let sent = 0;
  await eventually(
    async () => {
      for (let i = 0; i < 10; i++) await append("s1", ++sent, { value: sent, text });
      await holds();
    },
    { deadlineMs: 20_000 },
  );
  return sent;
}
