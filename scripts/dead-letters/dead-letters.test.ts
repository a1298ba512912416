import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { GIVEN_BY, putAside, sendDeadLetter } from "@mib/events/dead-letter";
import { encodeHeaders } from "@mib/events/event";
import { createKafka } from "@mib/events/kafka";
import { createEventProducer } from "@mib/events/producer";
import { provision } from "@mib/events/provision";
import { rangesOf, scanTopic } from "@mib/events/scan-topic";
import { createLogger } from "@mib/service/log";
import { servers } from "@mib/testkit/servers";
import type { KafkaMessage } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const SIGNALS = "analytics.signals.v1";
const TRADES = "market.trades.v1";
const log = createLogger("dead-letters-test");
const folder = mkdtempSync(join(tmpdir(), "mib-dead-letters-"));
let kafka: ReturnType<typeof createKafka>;
let producer: ReturnType<typeof createEventProducer>;

beforeAll(async () => {
  kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "dead-letters-test");
  producer = createEventProducer({ kafka, log });
  await provision({ kafka, replicationFactor: 1 });
});
afterAll(async () => {
  await producer.stop();
  rmSync(folder, { recursive: true });
});

interface Ran {
  exitCode: number;
  lines: any[];
  stderr: string;
}

/** The command as people and programs run it. */
function run(...args: string[]): Promise<Ran> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [resolve(import.meta.dirname, "../dead-letters.ts"), ...args, "--json"],
      { env: { ...process.env, KAFKA_BROKERS: servers.kafkaBrokers.join(",") }, maxBuffer: 16 << 20 },
      (error, stdout, stderr) =>
        done({
          exitCode: error === null ? 0 : Number(error.code),
          lines: stdout
            .split("\n")
            .filter((line) => line !== "")
            .map((line) => JSON.parse(line)),
          stderr,
        }),
    );
  });
}

async function recordsOf(topic: string, mine: (record: KafkaMessage) => boolean): Promise<KafkaMessage[]> {
  const records: KafkaMessage[] = [];
  await scanTopic({
    kafka,
    log,
    topic,
    ranges: await rangesOf(kafka, topic),
    take: (record) => void (mine(record) && records.push(record)),
  });
  return records;
}

const signal = (id: string, score: unknown = 1) =>
  JSON.stringify({
    id,
    instrument: { symbol: "X" },
    kind: "CROSS",
    score,
    at: "2024-08-08T12:00:00Z",
    explanation: "",
  });
const eventIdIs = (id: string) => (record: KafkaMessage) => String(record.headers?.["event-id"]) === id;

/** A signal that its readers put aside, and stands in its topic all the same. */
async function deadSignal(eventId: string, value: string, reason: string): Promise<void> {
  await producer.send({ topic: SIGNALS, key: null, channel: "*", eventId, value });
  const record = (await recordsOf(SIGNALS, eventIdIs(eventId))).at(-1)!;
  await sendDeadLetter(producer, SIGNALS, 0, record, reason);
}

describe("list and show", () => {
  test("letters are found by topic, reason and time, page by page, and shown as they were", async () => {
    const mark = randomUUID();
    for (const n of [1, 2, 3, 4, 5]) await deadSignal(`${mark}-${n}`, signal(`${mark}-${n}`, "much"), `${mark} is Bad`);
    await deadSignal(`${mark}-other`, "{}", "another reason");

    const all = await run("list", "--topic", SIGNALS, "--reason", `${mark} is bad`);
    expect(all.exitCode).toBe(0);
    expect(all.lines.map(({ eventId }) => eventId)).toEqual([1, 2, 3, 4, 5].map((n) => `${mark}-${n}`));
    expect(all.lines[0]).toMatchObject({
      topic: SIGNALS,
      channel: "*",
      reason: `${mark} is Bad`,
      original: { partition: 0, offset: expect.stringMatching(/^\d+$/) },
      sentAgain: false,
    });

    const pages: string[][] = [];
    for (let after: string[] = []; ;) {
      const { lines } = await run("list", "--topic", SIGNALS, "--reason", mark, "--limit", "2", ...after);
      if (lines.length > 0) pages.push(lines.map(({ eventId }) => eventId));
      if (lines.length < 2) break;
      after = ["--after", lines.at(-1).id];
    }
    expect(pages).toEqual([[1, 2], [3, 4], [5]].map((page) => page.map((n) => `${mark}-${n}`)));

    const [, , third] = all.lines;
    const between = ["--from", third.at, "--to", new Date(Date.parse(third.at) + 1).toISOString()];
    const sameTime = (await run("list", "--topic", SIGNALS, "--reason", mark, ...between)).lines;
    expect(sameTime).toEqual(all.lines.filter(({ at }) => at === third.at));
    expect((await run("list", "--reason", mark, "--topic", "news.articles.v1")).lines).toEqual([]);

    const shown = await run("show", third.id, all.lines[0].id);
    expect(shown.lines.map(({ value }) => JSON.parse(value).id)).toEqual([`${mark}-3`, `${mark}-1`]);
    expect(shown.lines[0].headers).toEqual({ channel: "*", "event-id": `${mark}-3`, "schema-version": "1" });
  });

  test("bytes that are no text are shown whole", async () => {
    const mark = randomUUID();
    const value = Buffer.from([0xff, 0x00, 0xfe]);
    const record = { key: null, value, offset: "0", timestamp: "0", attributes: 0, headers: {} };
    await sendDeadLetter(producer, SIGNALS, 0, record, mark);
    const [{ id }] = (await run("list", "--topic", SIGNALS, "--reason", mark)).lines;
    expect((await run("show", id)).lines[0].valueBase64).toBe(value.toString("base64"));
  });

  test("what is not there and what is not understood is told apart by the exit code", async () => {
    expect(await run("show", `${SIGNALS}/0/999999999`)).toMatchObject({
      exitCode: 64,
      lines: [],
      stderr: expect.stringContaining("NOT_FOUND"),
    });
    expect(await run("show", "elsewhere/0/1")).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining("NOT_FOUND"),
    });
    expect(await run("resend")).toMatchObject({ exitCode: 64, stderr: expect.stringContaining("resend needs ids") });
  });
});

describe("resend", () => {
  test("what fits today is sent once, however often it is asked for, and does not wait any more", async () => {
    const mark = randomUUID();
    const ids = [`${mark}-a`, `${mark}-b`];
    for (const id of ids) await deadSignal(id, signal(id), mark);
    await deadSignal(`${mark}-bad`, signal(`${mark}-bad`, "much"), mark);
    const filter = ["--topic", SIGNALS, "--reason", mark];

    const dry = await run("resend", ...filter, "--dry-run");
    expect(dry.lines.map(({ outcome }) => outcome)).toEqual(["WOULD_BE_SENT", "WOULD_BE_SENT", "INVALID"]);
    expect(await recordsOf(SIGNALS, eventIdIs(ids[0]!))).toHaveLength(1);

    const first = await run("resend", ...filter);
    expect(first.exitCode).toBe(1);
    expect(first.lines.map(({ eventId, outcome, reason }) => [eventId, outcome, reason])).toEqual([
      [ids[0], "SENT", null],
      [ids[1], "SENT", null],
      [null, "INVALID", "/score must be number"],
    ]);
    expect((await run("list", ...filter)).lines.map(({ eventId }) => eventId)).toEqual([`${mark}-bad`]);
    expect((await run("list", ...filter, "--sent-again")).lines.map(({ sentAgain }) => sentAgain)).toEqual([
      true,
      true,
      false,
    ]);

    const again = await run("resend", ...first.lines.slice(0, 2).map(({ id }) => id));
    expect(again.exitCode).toBe(0);
    expect(again.lines.map(({ outcome }) => outcome)).toEqual(["ALREADY_SENT", "ALREADY_SENT"]);
    for (const id of ids) {
      const [original, resent, ...more] = await recordsOf(SIGNALS, eventIdIs(id));
      expect(more).toEqual([]);
      expect([resent!.key, String(resent!.value), resent!.headers]).toEqual([
        original!.key,
        String(original!.value),
        original!.headers,
      ]);
    }
  });

  test("a letter whose note got lost, because the command died after it sent, is found in its topic", async () => {
    const eventId = randomUUID();
    await deadSignal(eventId, signal(eventId), eventId);
    await producer.send({ topic: SIGNALS, key: null, channel: "*", eventId, value: signal(eventId) });
    const { lines } = await run("resend", "--topic", SIGNALS, "--reason", eventId);
    expect(lines).toMatchObject([
      { outcome: "ALREADY_SENT", reason: expect.stringContaining("the topic has it at 0/") },
    ]);
    expect(await recordsOf(SIGNALS, eventIdIs(eventId))).toHaveLength(2);
    expect((await run("list", "--topic", SIGNALS, "--reason", eventId)).lines).toEqual([]);
  });

  test("an event that was put aside twice is sent once", async () => {
    const eventId = randomUUID();
    for (const _ of [1, 2]) await deadSignal(eventId, signal(eventId), eventId);
    const { lines } = await run("resend", "--topic", SIGNALS, "--reason", eventId);
    expect(lines.map(({ outcome }) => outcome)).toEqual(["SENT", "ALREADY_SENT"]);
    expect(await recordsOf(SIGNALS, eventIdIs(eventId))).toHaveLength(3);
  });

  test("a value that was mended is checked and sent in its place, under the same id", async () => {
    const eventId = randomUUID();
    const event = { topic: SIGNALS, key: null, channel: "*", eventId, value: signal(eventId, "much") };
    const refused = { key: null, value: event.value, headers: encodeHeaders(event) };
    await putAside(producer, SIGNALS, refused, eventId, { [GIVEN_BY]: "wire" });
    const [{ id, givenBy }] = (await run("list", "--topic", SIGNALS, "--reason", eventId)).lines;
    expect(givenBy).toBe("wire");
    const file = join(folder, "value.json");
    writeFileSync(file, signal(eventId, "more"));
    expect((await run("resend", id, "--value-file", file)).lines).toMatchObject([{ outcome: "INVALID" }]);
    writeFileSync(file, signal(eventId, 2));
    expect((await run("resend", id, "--value-file", file)).lines).toMatchObject([{ outcome: "SENT", eventId }]);
    expect((await recordsOf(SIGNALS, eventIdIs(eventId))).map(({ value }) => JSON.parse(String(value)).score)).toEqual([
      2,
    ]);
    expect((await run("resend", id, "--value-file", join(folder, "nothing"))).exitCode).toBe(64);
  });
});

describe("resend of what the engine numbered", () => {
  const trade = (symbol: string, n: number) =>
    JSON.stringify({
      instrument: { symbol },
      id: String(n),
      price: "1.5",
      size: "1",
      side: "BUY",
      at: "2024-08-08T12:00:00Z",
    });
  const ofSymbol = (symbol: string) => (record: KafkaMessage) => String(record.key) === symbol;

  async function sendTrade(symbol: string, epoch: string, sequence: number): Promise<void> {
    const headers = { channel: symbol, epoch, sequence: String(sequence), ordinal: "0", "schema-version": "1" };
    await producer.sendRecord(TRADES, { key: symbol, value: trade(symbol, sequence), headers });
  }

  async function deadTrades(symbol: string, epoch: string, sequences: number[]): Promise<void> {
    for (const sequence of sequences) await sendTrade(symbol, epoch, sequence);
    for (const [partition] of await rangesOf(kafka, TRADES)) {
      const found: KafkaMessage[] = [];
      await scanTopic({
        kafka,
        log,
        topic: TRADES,
        ranges: new Map([[partition, (await rangesOf(kafka, TRADES)).get(partition)!]]),
        take: (record) =>
          void (ofSymbol(symbol)(record) && sequences.includes(Number(record.headers!.sequence)) && found.push(record)),
      });
      for (const record of found) await sendDeadLetter(producer, TRADES, partition, record, symbol);
    }
  }

  test("letters of a channel that has not gone on are sent in their order, to the partition they stood in", async () => {
    const [symbol, epoch] = [`D${randomUUID()}`, randomUUID()];
    await deadTrades(symbol, epoch, [4, 5]);
    const { lines } = await run("resend", "--topic", TRADES, "--reason", symbol);
    expect(lines.map(({ outcome }) => outcome)).toEqual(["SENT", "SENT"]);
    const records = await recordsOf(TRADES, ofSymbol(symbol));
    expect(records.map(({ headers }) => Number(headers!.sequence))).toEqual([4, 5, 4, 5]);
    const sentAgain = await run("resend", ...lines.map(({ id }) => id));
    expect(sentAgain.lines.map(({ outcome }) => outcome)).toEqual(["ALREADY_SENT", "ALREADY_SENT"]);
  });

  test("where the channel has gone on, or its epoch is over, readers would drop it: it is said and not sent", async () => {
    const [symbol, epoch] = [`D${randomUUID()}`, randomUUID()];
    await deadTrades(symbol, epoch, [4]);
    await sendTrade(symbol, epoch, 6);
    const ask = () => run("resend", "--topic", TRADES, "--reason", symbol);
    expect(await ask()).toMatchObject({
      exitCode: 1,
      lines: [{ outcome: "SUPERSEDED", reason: "the channel has gone on to 6-0" }],
    });
    const next = randomUUID();
    await sendTrade(symbol, next, 1);
    expect((await ask()).lines).toMatchObject([
      { outcome: "SUPERSEDED", reason: `the channel has gone on in epoch ${next}` },
    ]);
    expect(await recordsOf(TRADES, ofSymbol(symbol))).toHaveLength(3);
  });
});
