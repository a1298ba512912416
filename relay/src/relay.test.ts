import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readDeadLetters } from "@mib/events/dead-letter-reader";
import { resendDeadLetters } from "@mib/events/dead-letter-resender";
import { readEpochs } from "@mib/events/epochs";
import { createKafka } from "@mib/events/kafka";
import { createEventProducer, type EventProducer } from "@mib/events/producer";
import { provision } from "@mib/events/provision";
import { createLogger } from "@mib/service/log";
import { channelName, decodeMessage, idBelow, type WindowEntry } from "@mib/stream-window/layout";
import { readAfter, readLast } from "@mib/stream-window/reader";
import { eventually } from "@mib/testkit/eventually";
import { freePort } from "@mib/testkit/free-port";
import { servers } from "@mib/testkit/servers";
import { startTcpProxy } from "@mib/testkit/tcp-proxy";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type OwnRedis, startOwnRedis } from "./own-redis.ts";
import { WindowStore } from "./window-store.ts";

const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "relay-test");
const DEADLINE = { deadlineMs: 60_000 };
const TRADES = "market.trades.v1";

let producer: EventProducer;
beforeAll(async () => {
  await provision({ kafka, replicationFactor: 1 });
  producer = createEventProducer({ kafka, log: createLogger("test") });
});
afterAll(() => producer.stop());

/** Sends a trade as the engine would. */
function sendTrade(
  symbol: string,
  epoch: string,
  sequence: number,
  value: object | string = trade(symbol, sequence),
): Promise<void> {
  return producer.sendRecord(TRADES, {
    key: symbol,
    value: typeof value === "string" ? value : JSON.stringify(value),
    headers: { channel: symbol, epoch, sequence: String(sequence), ordinal: "0", "schema-version": "1" },
  });
}
const trade = (symbol: string, sequence: number) => ({
  instrument: { symbol },
  id: String(sequence),
  price: "1.5",
  size: "2",
  side: null,
  at: "2024-08-08T12:00:00Z",
});
const newSymbol = () => `T${randomUUID().slice(0, 8)}`;
const idsUpTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => `${first + i}-0`);

/** The relay as a process of its own, and a subscriber that hears what it publishes. */
class RelayProcess {
  readonly redis: OwnRedis;
  readonly reader: Redis;
  readonly subscriber: Redis;
  readonly #adminPort: number;
  #child: ChildProcess | null = null;

  constructor(redis: OwnRedis, adminPort: number) {
    this.redis = redis;
    this.#adminPort = adminPort;
    [this.reader, this.subscriber] = [0, 1].map(
      () => new Redis(redis.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 }),
    ) as [Redis, Redis];
    for (const client of [this.reader, this.subscriber]) client.on("error", () => {});
  }

  async start(): Promise<void> {
    const env = {
      ...process.env,
      REDIS_URL: this.redis.url,
      KAFKA_BROKERS: servers.kafkaBrokers.join(","),
      ADMIN_PORT: String(this.#adminPort),
      LOG_LEVEL: "error",
    };
    this.#child = spawn(process.execPath, ["relay/src/main.ts"], {
      env,
      stdio: ["ignore", "inherit", "inherit"],
    });
    await this.ready();
  }

  async ready(): Promise<void> {
    await eventually(async () => {
      const response = await fetch(`http://127.0.0.1:${this.#adminPort}/ready`);
      if (response.status !== 200) throw new Error(await response.text());
    }, DEADLINE);
  }

  async metric(name: string, topic = TRADES): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.#adminPort}/metrics`)).text();
    return Number(new RegExp(`^${name}\\{topic="${topic}".*?\\} (\\S+)`, "m").exec(text)?.[1] ?? 0);
  }

  async kill(): Promise<void> {
    this.#child!.kill("SIGKILL");
    await new Promise((resolve) => this.#child!.once("exit", resolve));
  }

  async hear(topic: string, channel: string): Promise<WindowEntry[]> {
    const heard: WindowEntry[] = [];
    this.subscriber.on(
      "message",
      (name, message) => void (name === channelName(topic, channel) && heard.push(decodeMessage(message))),
    );
    await this.subscriber.subscribe(channelName(topic, channel));
    return heard;
  }

  async window(topic: string, channel: string, epoch: string): Promise<WindowEntry[]> {
    return (await readAfter(this.reader, topic, channel, { epoch, id: "0-0" }, 10_000)).entries;
  }

  async stop(): Promise<void> {
    if (this.#child?.exitCode === null) await this.kill();
    this.reader.disconnect();
    this.subscriber.disconnect();
    await this.redis.stop();
  }
}

const ids = (entries: WindowEntry[]) => entries.map(({ id }) => id);
/** Every entry follows the one before it. */
const linked = (entries: WindowEntry[]) =>
  entries.every(
    ({ prev, count }, i) => i === 0 || (prev === entries[i - 1]!.id && count === entries[i - 1]!.count + 1),
  );

describe("the relay between a real Kafka and a real Redis", () => {
  let relay: RelayProcess;
  beforeAll(async () => {
    relay = new RelayProcess(await startOwnRedis(), await freePort());
    await relay.start();
  });
  afterAll(() => relay?.stop());

  test("an event is published and kept as it was sent; what is sent again is not", async () => {
    const [symbol, epoch] = [newSymbol(), randomUUID()];
    const heard = await relay.hear(TRADES, symbol);
    for (const sequence of [3, 4, 3, 4, 5]) await sendTrade(symbol, epoch, sequence);
    await eventually(() => expect(heard.length).toBeGreaterThanOrEqual(3), DEADLINE);
    expect(heard.map(({ id, prev, count, value }) => [id, prev, count, JSON.parse(value)])).toEqual([
      ["3-0", "0-0", 1, trade(symbol, 3)],
      ["4-0", "3-0", 2, trade(symbol, 4)],
      ["5-0", "4-0", 3, trade(symbol, 5)],
    ]);
    expect(await relay.window(TRADES, symbol, epoch)).toEqual(heard);
    expect(Math.abs(heard[0]!.brokerTimeMs - Date.now())).toBeLessThan(600_000);
  });

  test("what is invalid goes to the dead letters with the reason, and its neighbours arrive", async () => {
    const [symbol, epoch] = [newSymbol(), randomUUID()];
    const before = await relay.metric("relay_dead_letters_total");
    const heard = await relay.hear(TRADES, symbol);
    await sendTrade(symbol, epoch, 1);
    await sendTrade(symbol, epoch, 2, { ...trade(symbol, 2), price: 1.5 });
    await sendTrade(symbol, epoch, 3, "not JSON");
    await producer.sendRecord(TRADES, { key: symbol, value: "{}", headers: {} });
    await sendTrade(symbol, epoch, 4);
    await eventually(() => expect(ids(heard)).toEqual(["1-0", "4-0"]), DEADLINE);
    expect(await relay.metric("relay_dead_letters_total")).toBe(before + 3);
    const reasons = await deadLetterReasons(symbol);
    expect(reasons).toEqual(["/price must be string", "the value is not JSON", "schema-version is missing, not 1"]);
  });

  test("a dead letter that was mended is published once, also when two send it again at the same moment", async () => {
    const topic = "analytics.signals.v1";
    const [eventId, last] = [randomUUID(), randomUUID()];
    const heard = await relay.hear(topic, "*");
    const signal = (id: string, score: unknown) =>
      JSON.stringify({
        id,
        instrument: { symbol: "X" },
        kind: "CROSS",
        score,
        at: "2024-08-08T12:00:00Z",
        explanation: "",
      });
    await producer.send({ topic, key: null, channel: "*", eventId, value: signal(eventId, "much") });
    const reading = { kafka, log: createLogger("test") };
    const letter = await eventually(async () => {
      const letters = await readDeadLetters(reading, [topic], { reason: "/score" }, { limit: 1_000 });
      const mine = letters.find(({ headers }) => String(headers["event-id"]) === eventId);
      expect(mine).toBeDefined();
      return mine!;
    }, DEADLINE);
    const mended = { ...letter, value: Buffer.from(signal(eventId, 2)) };
    const epochs = await readEpochs(kafka);
    const outcomes: string[] = [];
    const resend = async () => {
      for await (const { outcome } of resendDeadLetters({ ...reading, producer, epochs }, [mended]))
        outcomes.push(outcome);
    };
    await Promise.all([resend(), resend()]);
    expect(outcomes).toContain("SENT");

    await producer.send({ topic, key: null, channel: "*", eventId: last, value: signal(last, 1) });
    const mine = () => heard.map(({ value }) => JSON.parse(value)).filter(({ id }) => id === eventId || id === last);
    await eventually(() => expect(mine().at(-1)?.id).toBe(last), DEADLINE);
    expect(mine().map(({ id, score }) => [id, score])).toEqual([
      [eventId, 2],
      [last, 1],
    ]);
  });

  test("an event with a known id is dropped at whatever offset it comes again", async () => {
    const topic = "analytics.signals.v1";
    const id = randomUUID();
    const heard = await relay.hear(topic, "*");
    const send = (eventId: string) =>
      producer.send({
        topic,
        key: null,
        channel: "*",
        eventId,
        value: JSON.stringify({
          id: eventId,
          instrument: { symbol: "X" },
          kind: "CROSS",
          score: 1,
          at: "2024-08-08T12:00:00Z",
          explanation: "",
        }),
      });
    for (const eventId of [`${id}-a`, `${id}-a`, `${id}-b`, `${id}-a`]) await send(eventId);
    const mine = () =>
      heard.map(({ value }) => JSON.parse(value).id as string).filter((eventId) => eventId.startsWith(id));
    await eventually(() => expect(mine()).toContain(`${id}-b`), DEADLINE);
    await send(`${id}-c`);
    await eventually(() => expect(mine()).toEqual([`${id}-a`, `${id}-b`, `${id}-c`]), DEADLINE);
  });

  test("killed with -9 again and again while events flow, it publishes each once and in order", async () => {
    const [symbol, epoch] = [newSymbol(), randomUUID()];
    const heard = await relay.hear(TRADES, symbol);
    const LAST = 3_000;
    let killed = 0;
    const sending = (async () => {
      for (let sequence = 1; sequence <= LAST; sequence += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, i) => sendTrade(symbol, epoch, sequence + i)));
      }
    })();
    while (killed < 5) {
      const goal = heard.length + 100;
      await eventually(() => expect(heard.length).toBeGreaterThanOrEqual(Math.min(goal, LAST)), DEADLINE);
      await relay.kill();
      killed += 1;
      await relay.start();
    }
    await sending;
    await eventually(() => expect(heard.length).toBeGreaterThanOrEqual(LAST), DEADLINE);
    expect(ids(heard)).toEqual(idsUpTo(LAST));
    expect(linked(heard)).toBe(true);
    expect(await relay.metric("relay_out_of_order_total")).toBe(0);
  });

  test.each(["emptied", "killed with -9 and started again"])(
    "when Redis is %s, the windows come back from Kafka without a message, and streams go on",
    async (how) => {
      const [symbol, epoch, quiet] = [newSymbol(), randomUUID(), newSymbol()];
      const heard = await relay.hear(TRADES, symbol);
      for (let sequence = 1; sequence <= 50; sequence++) void sendTrade(symbol, epoch, sequence);
      await sendTrade(quiet, epoch, 1);
      await eventually(() => expect(heard.length).toBe(50), DEADLINE);
      await eventually(async () => expect(await readLast(relay.reader, TRADES, quiet)).not.toBeNull(), DEADLINE);

      if (how === "emptied") await relay.reader.flushall();
      else {
        await relay.redis.kill();
        void sendTrade(symbol, epoch, 51);
        await relay.redis.start();
        await eventually(() => expect(relay.subscriber.status).toBe("ready"), DEADLINE);
      }
      const last = how === "emptied" ? 50 : 51;
      // Without any new event: the relay looks by itself.
      await eventually(
        async () => expect(ids(await relay.window(TRADES, symbol, epoch))).toEqual(idsUpTo(last)),
        DEADLINE,
      );
      // Where other tests have sent so much that the topic is read from its middle, nobody can tell whether there was one before.
      const prev = expect.stringMatching(new RegExp(`^(0-0|${idBelow("1-0")})$`)) as string;
      await eventually(
        async () => expect(await readLast(relay.reader, TRADES, quiet)).toMatchObject({ id: "1-0", prev }),
        DEADLINE,
      );
      await relay.ready();
      // From now on a channel without a window is one without events.
      await eventually(async () => expect(await readLast(relay.reader, TRADES, newSymbol())).toBeNull(), DEADLINE);
      for (let sequence = last + 1; sequence <= 80; sequence++) void sendTrade(symbol, epoch, sequence);
      await eventually(() => expect(heard.at(-1)?.id).toBe("80-0"), DEADLINE);
      expect(ids(heard.filter(({ id }) => id !== "51-0" || how === "emptied"))).toEqual(
        idsUpTo(80).filter((id) => id !== "51-0" || how === "emptied"),
      );
      expect(linked(await relay.window(TRADES, symbol, epoch))).toBe(true);
    },
  );
});

async function deadLetterReasons(key: string): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: `test-${randomUUID()}` });
  const reasons: string[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [`${TRADES}.dlq`], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message }) =>
      void (message.key?.toString() === key && reasons.push(message.headers!["dead-letter-reason"]!.toString())),
  });
  await eventually(() => expect(reasons.length).toBeGreaterThanOrEqual(3), DEADLINE);
  await consumer.disconnect();
  return reasons;
}

test.each(["once it is in use", "before it is ready"])(
  "a connection to Redis that passes nothing %s is made anew",
  async (when) => {
    const proxy = await startTcpProxy(servers.redisUrl);
    if (when === "before it is ready") proxy.hold("TO_CLIENT");
    const store = new WindowStore({ REDIS_URL: [proxy.through(servers.redisUrl)], REDIS_CLUSTER: false });
    onTestFinished(async () => {
      await store.close();
      await proxy.close();
    });
    if (when === "once it is in use") await eventually(() => store.ping());
    else await eventually(() => expect(proxy.connectionsMade).toBe(1));
    proxy.silence();
    proxy.release();
    await expect(store.ping()).rejects.toThrow();
    await eventually(() => store.ping(), { deadlineMs: 30_000 });
    expect(proxy.connectionsMade).toBeGreaterThan(1);
  },
);
