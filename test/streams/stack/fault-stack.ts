import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createKafka } from "@mib/events/kafka";
import { provision } from "@mib/events/provision";
import { eventually } from "@mib/testkit/eventually";
import { startTcpProxy, type TcpProxy } from "@mib/testkit/tcp-proxy";
import { planServers } from "../../../scripts/local/install/plan.mjs";
import { freePorts } from "../../../scripts/local/ports.ts";
import { Reaper } from "../../../scripts/local/reaper.mjs";
import { adminProcess, isReady } from "./admin-process.ts";
import { engineProcess } from "./engine-process.ts";
import { kafkaServer } from "./kafka-server.ts";
import { RedisServer } from "./redis-server.ts";
import { routerProcess, type RouterProcess } from "./router-process.ts";
import { StackProcess } from "./stack-process.ts";
import { supergraphOf } from "./supergraph.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

/** For one part to be ready, however busy the machine is. */
const START_MS_MAX = 300_000;

/** What the parts of a stack have in common. */
export interface StackEnvironment {
  folder: string;
  reaper: Reaper;
  broker: string;
  redisUrl: string;
  supergraphFile: string;
  cursorKeysFile: string;
}

/** Everything between a producer and the clients, real and each in a process of its own, with proxies where networks fail. */
export interface FaultStack {
  broker: string;
  /** Null where a Kafka was given: it is not ours to harm. */
  kafka: StackProcess | null;
  /** Null where the stack has none, and trades come straight from Kafka. */
  engine: { process: StackProcess; address: string } | null;
  redis: RedisServer;
  relay: { process: StackProcess; adminUrl: string; redis: TcpProxy };
  routers: RouterProcess[];
  instruments: StackProcess;
  /** All networks that can be harmed. */
  proxies: readonly TcpProxy[];
  /** Takes another supergraph with the same fields into use. */
  swapSupergraph(): void;
  /** Copies the parts' logs to a folder, and what relay and routers say of themselves now. */
  keepEvidence(folder: string): Promise<void>;
  stop(): Promise<void>;
}

export interface FaultStackOptions {
  routers: number;
  engine?: boolean;
  /** A Kafka that runs already. */
  broker?: string;
  /** Loaded into each router before its own code. */
  routerPreloads?: readonly string[];
}

export async function startFaultStack({
  routers: count,
  engine: withEngine = false,
  broker: given,
  routerPreloads = [],
}: FaultStackOptions): Promise<FaultStack> {
  const folder = mkdtempSync(join(tmpdir(), "mib-faults-"));
  mkdirSync(join(folder, "logs"));
  const reaper = new Reaper();
  const ends: (() => unknown)[] = [() => reaper.close(), () => rmSync(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const end of ends.toReversed()) await end();
  };
  try {
    const ownKafka = given === undefined ? await kafkaServer(folder, reaper) : null;
    const broker = ownKafka?.broker ?? given!;
    ends.push(() => ownKafka?.process.end());
    const redis = await RedisServer.create(await redisProgram(folder), folder, reaper);
    ends.push(() => redis.process.end());
    await Promise.all([ownKafka?.process.start(), redis.process.start()]);
    await provision({ kafka: createKafka({ KAFKA_BROKERS: [broker] }, "faults"), replicationFactor: 1 });

    const environment: StackEnvironment = {
      folder,
      reaper,
      broker,
      redisUrl: redis.url,
      supergraphFile: join(folder, "supergraph.graphql"),
      cursorKeysFile: join(folder, "keys.json"),
    };
    const [relayPort, instrumentsPort] = (await freePorts(2)) as [number, number];
    const relayRedis = await startTcpProxy(redis.url);
    ends.push(() => relayRedis.close());
    const relayUrl = `http://127.0.0.1:${relayPort}`;
    const relay = adminProcess("relay", relayUrl, environment, {
      args: [join(ROOT, "relay/src/main.ts")],
      env: {
        ADMIN_PORT: String(relayPort),
        KAFKA_BROKERS: broker,
        REDIS_URL: relayRedis.through(redis.url),
        KAFKAJS_NO_PARTITIONER_WARNING: "1",
      },
    });
    ends.push(() => relay.end());

    const instrumentsUrl = `http://127.0.0.1:${instrumentsPort}/graphql`;
    const instruments = instrumentsProcess(instrumentsUrl, instrumentsPort, environment);
    ends.push(() => instruments.end());
    let generation = 0;
    const swapSupergraph = () =>
      writeFileSync(environment.supergraphFile, supergraphOf(instrumentsUrl, (generation += 1)));
    swapSupergraph();
    const keys = [{ id: "k1", secret: randomBytes(32).toString("base64") }];
    writeFileSync(environment.cursorKeysFile, JSON.stringify(keys));
    const routers = await Promise.all(
      Array.from({ length: count }, (_, i) => routerProcess(`router${i}`, environment, routerPreloads)),
    );
    ends.push(() => Promise.all(routers.map((router) => router.close())));

    const engine = withEngine ? await engineProcess(environment) : null;
    ends.push(() => engine?.process.end());
    await engine?.process.start();
    await Promise.all([relay, instruments, ...routers.map((router) => router.process)].map((part) => part.start()));
    await eventually(() => isReady(relayUrl), { deadlineMs: START_MS_MAX });
    for (const { adminUrl } of routers) await eventually(() => isReady(adminUrl), { deadlineMs: START_MS_MAX });
    return {
      broker,
      kafka: ownKafka?.process ?? null,
      engine,
      redis,
      relay: { process: relay, adminUrl: relayUrl, redis: relayRedis },
      routers,
      instruments,
      proxies: [relayRedis, ...routers.flatMap(({ redis: link, clients }) => [link, clients])],
      swapSupergraph,
      async keepEvidence(into) {
        cpSync(join(folder, "logs"), into, { recursive: true });
        for (const [name, adminUrl] of [
          ["relay", relayUrl],
          ...routers.map((router) => [router.process.name, router.adminUrl]),
        ])
          for (const page of ["ready", "metrics"]) {
            const said = await fetch(`${adminUrl}/${page}`, { signal: AbortSignal.timeout(5_000) }).then(
              (response) => response.text(),
              String,
            );
            writeFileSync(join(into, `${name}.${page}.txt`), said);
          }
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function redisProgram(folder: string): Promise<string> {
  const { redis } = await planServers({ root: ROOT, logFolder: folder });
  const found = await redis.install();
  if ("program" in found) return found.program;
  throw new Error("REDIS_URL names a Redis that is not ours to kill: unset it");
}

function instrumentsProcess(url: string, port: number, { folder, reaper }: StackEnvironment): StackProcess {
  return new StackProcess({
    name: "instruments",
    program: () => ({
      command: process.execPath,
      args: [join(import.meta.dirname, "instruments-subgraph.ts")],
      cwd: ROOT,
      env: { PORT: String(port) },
    }),
    async ready() {
      const response = await fetch(`${url}?query={__typename}`, { signal: AbortSignal.timeout(5_000) });
      if (response.status !== 200) throw new Error(`the subgraph answers ${response.status}`);
    },
    folder: join(folder, "logs"),
    reaper,
  });
}
