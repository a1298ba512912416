import { eventually } from "@mib/testkit/eventually";
import { freePort } from "@mib/testkit/free-port";
import { Cluster, Redis } from "ioredis";
import { type OwnRedis, startOwnRedis } from "./own-redis.ts";

const NODE_TIMEOUT_MS = 1_000;

/** A Redis Cluster of a test's own: primaries that share the slots, and replicas of the first of them. Each keeps its data when it is killed. */
export class OwnCluster {
  readonly primaries: readonly OwnRedis[];
  readonly replicas: readonly OwnRedis[];

  constructor(primaries: readonly OwnRedis[], replicas: readonly OwnRedis[]) {
    this.primaries = primaries;
    this.replicas = replicas;
  }

  /** All of its servers. */
  get urls(): [string, ...string[]] {
    return [...this.primaries, ...this.replicas].map(({ url }) => url) as [string, ...string[]];
  }

  client(): Cluster {
    const client = new Cluster(this.urls, { redisOptions: { commandTimeout: 5_000 } });
    client.on("error", () => {});
    return client;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.primaries, ...this.replicas].map((server) => server.stop()));
  }
}

/** Asks one server; the connection lasts as long as the work. */
export async function asAdmin<Answer>({ url }: OwnRedis, work: (redis: Redis) => Promise<Answer>): Promise<Answer> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on("error", () => {});
  try {
    await redis.connect();
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** Starts a cluster of so many primaries, which share the slots, and replicas, all of the first primary. A failure leaves no server behind. */
export async function startOwnCluster({
  primaries,
  replicas,
}: {
  primaries: number;
  replicas: number;
}): Promise<OwnCluster> {
  const busPorts: number[] = [];
  const servers: OwnRedis[] = [];
  try {
    for (let i = 0; i < primaries + replicas; i++) {
      const busPort = await freePort();
      busPorts.push(busPort);
      servers.push(await startOwnRedis(serverArguments(busPort)));
    }
    const cluster = new OwnCluster(servers.slice(0, primaries), servers.slice(primaries));
    await join(cluster, busPorts);
    return cluster;
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
}

async function join({ primaries, replicas }: OwnCluster, busPorts: readonly number[]): Promise<void> {
  const servers = [...primaries, ...replicas];
  const [first] = servers;
  for (const [i, server] of servers.entries()) {
    const { port } = new URL(server.url);
    if (i > 0) await asAdmin(first!, (redis) => redis.call("CLUSTER", "MEET", "127.0.0.1", port, String(busPorts[i])));
    const [from, to] = [i, i + 1].map((part) => Math.ceil((part * 16_384) / primaries.length));
    if (i < primaries.length)
      await asAdmin(server, (redis) => redis.call("CLUSTER", "ADDSLOTSRANGE", String(from), String(to! - 1)));
  }
  await eventually(() => Promise.all(servers.map((server) => expectWhole(server, servers.length))), {
    deadlineMs: 30_000,
  });
  const firstId = await asAdmin(first!, (redis) => redis.call("CLUSTER", "MYID"));
  for (const replica of replicas) {
    await asAdmin(replica, (redis) => redis.call("CLUSTER", "REPLICATE", String(firstId)));
    await eventually(
      async () => {
        const info = await asAdmin(replica, (redis) => redis.info("replication"));
        if (!/^master_link_status:up/m.test(info)) throw new Error(info);
      },
      { deadlineMs: 30_000 },
    );
  }
}

const serverArguments = (busPort: number): string[] => [
  "--cluster-enabled",
  "yes",
  "--cluster-announce-ip",
  "127.0.0.1",
  "--cluster-port",
  String(busPort),
  "--cluster-node-timeout",
  String(NODE_TIMEOUT_MS),
  "--cluster-require-full-coverage",
  "no",
  "--appendonly",
  "yes",
  "--appendfsync",
  "always",
];

async function expectWhole(server: OwnRedis, serverCount: number): Promise<void> {
  const info = String(await asAdmin(server, (redis) => redis.call("CLUSTER", "INFO")));
  if (!info.includes("cluster_state:ok") || !info.includes(`cluster_known_nodes:${serverCount}`)) throw new Error(info);
}
