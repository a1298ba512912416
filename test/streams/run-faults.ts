import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { eventually } from "@mib/testkit/eventually";
import { type CheckCounts, checkHistory, noCounts } from "./check/check-history.ts";
import type { Violation } from "./check/violation.ts";
import { startFleet, type FleetSize } from "./clients/fleet.ts";
import type { RecordedSubscription } from "./clients/recorded-subscription.ts";
import { Counters } from "./counters.ts";
import type { Fault, FaultWorld } from "./faults/fault.ts";
import { FaultInjector } from "./injector.ts";
import { ofKafka, type TestChannels, testChannels } from "./publish/channels.ts";
import { engineWay } from "./publish/engine-way.ts";
import { kafkaWay } from "./publish/kafka-way.ts";
import { Publisher } from "./publish/publisher.ts";
import { redisWay, streamKey } from "./publish/redis-way.ts";
import { settle } from "./settle.ts";
import { metricOf } from "./stack/admin-process.ts";
import { type FaultStack, startFaultStack } from "./stack/fault-stack.ts";

export interface FaultRunOptions {
  seed: number;
  faults: readonly Fault[];
  faultCount: number;
  /** No fault begins later. */
  minutesMax: number;
  /** Of trades; there are about half as many other events beside. */
  tradesPerSecond: number;
  fleet: FleetSize;
  /** Faults side by side. */
  lanes: number;
  /** After so many faults all is mended and compared. */
  faultsPerRound: number;
  /** Trades come by way of the engine. */
  engine?: boolean;
  /** A Kafka that runs already, and is not harmed. */
  broker?: string;
  routerPreloads?: readonly string[];
  tell?(line: string): void;
}

export interface FaultRun {
  seconds: number;
  rounds: number;
  events: number;
  subscriptions: number;
  faults: ReadonlyMap<string, number>;
  counts: CheckCounts;
  counters: ReadonlyMap<string, number>;
  violations: Violation[];
}

const BEGUN_MS_MAX = 300_000;
/** Violations are reported in full up to so many; a run with more has shown enough. */
const VIOLATIONS_MAX = 200;

/** Publishes, harms, mends and compares, round by round, until the faults or the time are used up, or something is wrong. */
export async function runFaults(options: FaultRunOptions): Promise<FaultRun> {
  const startedAt = performance.now();
  const { broker, routerPreloads, engine = false } = options;
  const stack = await startFaultStack({
    routers: 2,
    engine,
    ...(broker !== undefined && { broker }),
    ...(routerPreloads !== undefined && { routerPreloads }),
  });
  try {
    const run = await runOn(stack, options, startedAt);
    if (run.violations.length > 0) await keepEvidence();
    return run;
  } catch (error) {
    await keepEvidence();
    throw error;
  } finally {
    await stack.stop();
  }

  async function keepEvidence(): Promise<void> {
    const folder = join(".data", "faults", `seed-${options.seed}`);
    await stack.keepEvidence(folder).then(
      () => options.tell?.(`what the parts said is in ${folder}`),
      (error: unknown) => options.tell?.(`what the parts said could not be kept: ${String(error)}`),
    );
  }
}

async function runOn(stack: FaultStack, options: FaultRunOptions, startedAt: number): Promise<FaultRun> {
  const { seed, tell = () => {} } = options;
  const epoch = `faults-${randomUUID().slice(0, 8)}`;
  const channels = testChannels(epoch, options.tradesPerSecond);
  const publisher = new Publisher(await waysOf(stack, channels), epoch);
  let connections = 0;
  const endpoint = () => stack.routers[connections++ % stack.routers.length]!.url;
  const clients = startFleet(channels, options.fleet, endpoint);
  const world: FaultWorld = { stack, clients, publisher, redisStreams: channels.orders.map(streamKey) };
  const injector = new FaultInjector(options.faults, world, seed * 1_000);
  const counters = new Counters();
  const subscriptions = clients.flatMap((client) => client.subscriptions);
  const run: FaultRun = {
    seconds: 0,
    rounds: 0,
    events: 0,
    subscriptions: subscriptions.length,
    faults: injector.counts,
    counts: noCounts(),
    counters: counters.sums,
    violations: [],
  };
  try {
    // Everybody begins with "the oldest event that is kept": so long as none was given up that is the first one.
    await allOpen(stack, subscriptions.length);
    publisher.start();
    await allHadOne(subscriptions);
    const endMs = performance.now() + options.minutesMax * 60_000;
    while (injector.count < options.faultCount && performance.now() < endMs && run.violations.length === 0) {
      const left = options.faultCount - injector.count;
      await injector.run(Math.min(left, options.faultsPerRound), options.lanes, endMs);
      await settle(world);
      await counters.read(stack);
      check(world, run);
      for (const proxy of stack.proxies) proxy.cutSilenced();
      run.rounds += 1;
      run.events = publisher.eventCount;
      run.seconds = (performance.now() - startedAt) / 1_000;
      tell(
        `round ${run.rounds}: ${injector.count} faults, ${run.events} events, ${run.counts.deliveries} deliveries, ${run.violations.length} violations, ${Math.round(run.seconds)} s`,
      );
      publisher.start();
    }
    return run;
  } finally {
    await Promise.all(clients.map((client) => client.stop()));
    await publisher.stop();
  }
}

async function allOpen({ routers }: FaultStack, count: number): Promise<void> {
  await eventually(
    async () => {
      const open = await Promise.all(routers.map(({ adminUrl }) => metricOf(adminUrl, "router_subscriptions_open")));
      const sum = open.reduce((total, each) => total + each, 0);
      if (sum !== count) throw new Error(`${sum} of ${count} subscriptions are open`);
    },
    { deadlineMs: BEGUN_MS_MAX },
  );
}

const allHadOne = (subscriptions: readonly RecordedSubscription[]): Promise<void> =>
  eventually(
    () => {
      const silent = subscriptions.filter(({ receivedCount }) => receivedCount === 0);
      if (silent.length > 0) throw new Error(`${silent.length} subscriptions have had no event`);
    },
    { deadlineMs: BEGUN_MS_MAX },
  );

/** Orders into Redis, trades by way of the engine where there is one, all else straight into Kafka. */
async function waysOf({ broker, engine, redis }: FaultStack, channels: TestChannels) {
  const { trades, orders } = channels;
  const ways = new Map([[redisWay(redis.url), orders]]);
  ways.set(kafkaWay(broker), ofKafka(engine === null ? channels : { ...channels, trades: [] }));
  if (engine !== null) ways.set(await engineWay(engine.address, trades), trades);
  return ways;
}

/** Compares what clients saw since the last time, and adds it to the run. */
function check({ clients, publisher }: FaultWorld, run: FaultRun): void {
  const history = {
    published: publisher.takePublished(),
    subscriptions: clients.flatMap((client) => client.subscriptions.map((subscription) => subscription.takeHistory())),
  };
  run.violations.push(...checkHistory(history, run.counts).violations.slice(0, VIOLATIONS_MAX));
}
