import { setTimeout as delay } from "node:timers/promises";
import type { StackProcess } from "../stack/stack-process.ts";
import { type Fault, type FaultTarget, type FaultWorld, type Heal, nothing } from "./fault.ts";

const HOUR_MS = 3_600_000;

const target = (process: StackProcess, inflict: FaultTarget["inflict"]): FaultTarget => ({
  part: process.name,
  inflict,
});
const routerProcesses = ({ stack }: FaultWorld) => stack.routers.map(({ process }) => process);
const relayProcess = ({ stack }: FaultWorld) => [stack.relay.process];
const kafkaProcess = ({ stack }: FaultWorld) => (stack.kafka === null ? [] : [stack.kafka]);
const redisProcess = ({ stack }: FaultWorld) => [stack.redis.process];
const engineProcess = ({ stack }: FaultWorld) => (stack.engine === null ? [] : [stack.engine.process]);
const instrumentsProcess = ({ stack }: FaultWorld) => [stack.instruments];

const kill =
  (processes: (world: FaultWorld) => StackProcess[], signal: NodeJS.Signals = "SIGKILL") =>
  (world: FaultWorld): FaultTarget[] =>
    processes(world).map((process) =>
      target(process, async () => {
        await process.end(signal);
        return () => process.start();
      }),
    );
/** Stands still with all its connections open, then goes on as if no time had passed. */
const hold =
  (processes: (world: FaultWorld) => StackProcess[]) =>
  (world: FaultWorld): FaultTarget[] =>
    processes(world).map((process) =>
      target(process, () => {
        process.signal("SIGSTOP");
        return () => process.signal("SIGCONT");
      }),
    );

/** Not while Redis is harmed otherwise: it has to answer. */
const onStreams =
  (inflict: (redis: FaultWorld["stack"]["redis"], key: string) => Promise<unknown>) =>
  ({ stack: { redis }, redisStreams }: FaultWorld): FaultTarget[] => [
    target(redis.process, async (random) => {
      await inflict(redis, random.pick(redisStreams));
      return nothing;
    }),
  ];

export const PROCESS_FAULTS: readonly Fault[] = [
  { kind: "router kill -9", weight: 7, lastsMs: [0, 1_000], targets: kill(routerProcesses) },
  { kind: "router ended gently", weight: 4, lastsMs: [0, 500], targets: kill(routerProcesses, "SIGTERM") },
  { kind: "router SIGSTOP", weight: 6, lastsMs: [300, 6_000], targets: hold(routerProcesses) },
  { kind: "relay kill -9", weight: 4, lastsMs: [0, 500], targets: kill(relayProcess) },
  { kind: "relay SIGSTOP", weight: 3, lastsMs: [300, 4_000], targets: hold(relayProcess) },
  { kind: "Redis SIGSTOP", weight: 3, lastsMs: [300, 4_000], targets: hold(redisProcess) },
  { kind: "Redis restarted with its data", weight: 3, lastsMs: [0, 1_000], targets: kill(redisProcess) },
  { kind: "Kafka kill -9", weight: 1, lastsMs: [0, 1_000], targets: kill(kafkaProcess) },
  { kind: "Kafka SIGSTOP", weight: 2, lastsMs: [300, 5_000], targets: hold(kafkaProcess) },
  { kind: "engine kill -9", weight: 4, lastsMs: [0, 1_000], targets: kill(engineProcess) },
  { kind: "engine SIGSTOP", weight: 3, lastsMs: [300, 3_000], targets: hold(engineProcess) },
  {
    kind: "engine killed between Kafka's ack and its note",
    weight: 4,
    lastsMs: [0, 500],
    targets: (world) => engineProcess(world).map((process) => target(process, () => killBeforeNote(process))),
  },
  { kind: "subgraph stalls", weight: 4, lastsMs: [500, 5_000], targets: hold(instrumentsProcess) },
  { kind: "subgraph kill -9", weight: 3, lastsMs: [0, 1_500], targets: kill(instrumentsProcess) },
  {
    kind: "relay killed between its two writes",
    weight: 4,
    lastsMs: [0, 500],
    targets: ({ stack }) => [target(stack.relay.process, () => killBetweenWrites(stack.relay))],
  },
  {
    kind: "Redis messages lost",
    weight: 5,
    lastsMs: [200, 3_000],
    targets: ({ stack: { redis } }) => [target(redis.process, () => redis.loseMessages())],
  },
  {
    kind: "Redis restarted without its data",
    weight: 2,
    lastsMs: [0, 1_000],
    targets: ({ stack: { redis } }) => [
      target(redis.process, async () => {
        await redis.process.end();
        redis.forget();
        return () => redis.process.start();
      }),
    ],
  },
  {
    kind: "Redis restarted with older data",
    weight: 3,
    lastsMs: [0, 1_000],
    targets: ({ stack: { redis } }) => [
      target(redis.process, async (random) => {
        const goBack = redis.remember();
        await delay(random.between(100, 1_500));
        await redis.process.end();
        goBack();
        return () => redis.process.start();
      }),
    ],
  },
  {
    kind: "Redis stream trimmed",
    weight: 4,
    lastsMs: [0, 200],
    targets: onStreams((redis, key) => redis.trim(key)),
  },
  {
    kind: "Redis stream deleted",
    weight: 2,
    lastsMs: [0, 200],
    targets: onStreams((redis, key) => redis.delete(key)),
  },
  {
    kind: "clock of a router jumps",
    weight: 4,
    lastsMs: [500, 4_000],
    targets: ({ stack }) =>
      stack.routers.map(({ process, setClock }) =>
        target(process, (random) => {
          setClock(random.pick([-48, -1, -0.1, 0.1, 1, 48]) * HOUR_MS);
          return () => setClock(0);
        }),
      ),
  },
  {
    kind: "supergraph swapped",
    weight: 5,
    lastsMs: [0, 500],
    targets: ({ stack }) => [
      {
        part: "supergraph",
        inflict() {
          stack.swapSupergraph();
          return nothing;
        },
      },
    ],
  },
  {
    kind: "producer sends again",
    weight: 4,
    lastsMs: [0, 200],
    targets: ({ publisher }) => [
      {
        part: "producer",
        inflict() {
          publisher.repeat();
          return nothing;
        },
      },
    ],
  },
];

/** What the relay appends arrives, the answer does not: its progress stays behind what is published. */
const REPLIES_LOST_MS = 150;

async function killBetweenWrites({ process, redis }: FaultWorld["stack"]["relay"]): Promise<Heal> {
  redis.silence("TO_CLIENT");
  await delay(REPLIES_LOST_MS);
  await process.end();
  redis.cutSilenced();
  return () => process.start();
}

/** What is on its way to Kafka arrives and is acknowledged, and nobody reads that any more. */
async function killBeforeNote(process: StackProcess): Promise<Heal> {
  process.signal("SIGSTOP");
  await delay(REPLIES_LOST_MS);
  await process.end();
  return () => process.start();
}
