import { compareIds, type WindowEntry } from "@mib/stream-window/layout";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { HistoryRequest } from "./channel-search.ts";
import { searchHistory } from "./history-search.ts";
import type { LogRecord, OffsetRange, SearchableLog } from "./topic-log.ts";

const TRADES = "market.trades.v1";
const READINGS = "sensor.readings.v1";
const EPOCH = "e1";
const PARTITIONS = 3;

interface Written {
  channel: string;
  timeMs: number;
  headers: Record<string, string>;
  value: string;
}

/** A log in memory whose partitions no longer have what is before their low offset. */
class MemoryLog implements SearchableLog {
  readonly partitions: Written[][] = Array.from({ length: PARTITIONS }, () => []);
  readonly low = Array.from({ length: PARTITIONS }, () => 0);
  recordsRead = 0;

  async bounds() {
    return new Map(
      this.partitions.map((records, p) => [p, { low: BigInt(this.low[p]!), high: BigInt(records.length) }]),
    );
  }

  async offsetsAt(timeMs: number) {
    return new Map(
      this.partitions.map((records, p) => {
        const at = records.findIndex((record, i) => i >= this.low[p]! && record.timeMs >= timeMs);
        return [p, BigInt(at < 0 ? records.length : at)];
      }),
    );
  }

  async read(ranges: ReadonlyMap<number, OffsetRange>, take: (partition: number, record: LogRecord) => void) {
    for (const [partition, { from, to }] of ranges) {
      expect(from).toBeGreaterThanOrEqual(this.low[partition]!);
      for (let offset = Number(from); offset < Number(to); offset++) {
        const { channel, timeMs, headers, value } = this.partitions[partition]![offset]!;
        this.recordsRead += 1;
        take(partition, {
          key: Buffer.from(channel),
          offset: String(offset),
          timestamp: String(timeMs),
          headers: { channel, "schema-version": "1", ...headers },
          value: Buffer.from(value),
          attributes: 0,
        });
      }
    }
  }
}

const AT = "2024-08-08T12:00:00Z";
const trade = (symbol: string, id: number) =>
  JSON.stringify({ instrument: { symbol }, id: String(id), price: "1.5", size: "2", side: null, at: AT });
const reading = (id: string) => JSON.stringify({ id, source: "s", metric: "m", value: "1", at: AT });

/** What happens to a topic: mostly the next event of a channel, some time after the last. */
const anyStep = fc.record({
  channel: fc.constantFrom("A", "B", "C"),
  afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 400_000 }), fc.constant(30_000_000)),
  what: fc.oneof(
    { weight: 8, arbitrary: fc.constant("NEXT" as const) },
    fc.constantFrom("AGAIN" as const, "LATE" as const, "BACKFILL" as const, "INVALID" as const, "OTHER_EPOCH" as const),
  ),
  howFar: fc.integer({ min: 1, max: 6 }),
});
type Step = typeof anyStep extends fc.Arbitrary<infer S> ? S : never;

interface Accepted {
  id: string;
  value: string;
  brokerTimeMs: number;
  offset: number;
}
const partitionOf = (channel: string) => (channel.charCodeAt(0) % PARTITIONS) % 2;

/** The log of a SEQUENCE topic after the steps, and what the relay took of it. */
function sequenceLog(steps: readonly Step[]): { log: MemoryLog; accepted: Map<string, Accepted[]> } {
  const log = new MemoryLog();
  const accepted = new Map<string, Accepted[]>(["A", "B", "C"].map((channel) => [channel, []]));
  let now = 1_000_000_000;
  for (const { channel, afterMs, what, howFar } of steps) {
    now += afterMs;
    const records = log.partitions[partitionOf(channel)]!;
    const past = accepted.get(channel)!;
    const last = Number(past.at(-1)?.id.split("-")[0] ?? 0);
    const write = (sequence: number, headers = {}, value = trade(channel, sequence)) =>
      records.push({
        channel,
        timeMs: now,
        headers: { epoch: EPOCH, sequence: String(sequence), ordinal: "0", ...headers },
        value,
      });
    if (what === "NEXT") {
      const sequence = last + howFar;
      past.push({
        id: `${sequence}-0`,
        value: trade(channel, sequence),
        brokerTimeMs: now,
        offset: write(sequence) - 1,
      });
    } else if (what === "AGAIN") for (const { id } of past.slice(-howFar)) write(Number(id.split("-")[0]));
    else if (what === "LATE") {
      const late = last - howFar;
      if (late > 0 && !past.some(({ id }) => id === `${late}-0`)) write(late);
    } else if (what === "BACKFILL") write(last + howFar, { origin: "backfill" });
    else if (what === "INVALID") write(last + howFar, {}, "{}");
    else write(last + howFar, { epoch: "e0" });
  }
  return { log, accepted };
}

const entryOf = (accepted: readonly Accepted[], i: number): WindowEntry => ({
  epoch: EPOCH,
  id: accepted[i]!.id,
  prev: accepted[i - 1]?.id ?? "0-0",
  count: i + 1,
  brokerTimeMs: accepted[i]!.brokerTimeMs,
  traceparent: null,
  value: accepted[i]!.value,
});

/** Of an event that was sent again, the time may be that of either sending. */
const untimed = (entry: WindowEntry) => ({ ...entry, brokerTimeMs: 0 });

async function search(log: MemoryLog, requests: HistoryRequest[]) {
  const answers = new Map<HistoryRequest, WindowEntry[] | null>();
  await searchHistory(log, requests, (request, events) => {
    expect(answers.has(request)).toBe(false);
    answers.set(request, events);
  });
  return requests.map((request) => answers.get(request));
}

test("whatever is sent again, late or in between, an answer is what the relay took, and is there as far as the log reaches", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStep, { minLength: 10, maxLength: 80 }),
      fc.array(fc.tuple(fc.constantFrom("A", "B", "C"), fc.nat(), fc.nat()), { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(), { minLength: PARTITIONS, maxLength: PARTITIONS }),
      fc.boolean(),
      async (steps, wishes, lows, isTrimmed) => {
        const { log, accepted } = sequenceLog(steps);
        if (isTrimmed)
          for (const [p, records] of log.partitions.entries()) log.low[p] = lows[p]! % (records.length + 1);
        const asked = wishes.flatMap(([channel, a, b]) => {
          const all = accepted.get(channel)!;
          if (all.length < 3) return [];
          const after = a % (all.length - 2);
          const before = after + 2 + (b % (all.length - after - 2));
          const { id } = all[after]!;
          return [
            {
              all,
              after,
              before,
              low: log.low[partitionOf(channel)]!,
              request: {
                topic: TRADES,
                channel,
                after: { epoch: EPOCH, id },
                before: entryOf(all, before),
                eventsMax: 1_000,
              },
            },
          ];
        });
        if (asked.length === 0) return;
        const answers = await search(
          log,
          asked.map(({ request }) => request),
        );
        for (const [i, { all, after, before, low }] of asked.entries()) {
          const expected = all.slice(after + 1, before).map((_, j) => entryOf(all, after + 1 + j));
          const answer = answers[i];
          if (answer != null) expect(answer.map(untimed)).toEqual(expected.map(untimed));
          else expect(low).toBeGreaterThan(all[after]!.offset);
        }
        expect(log.recordsRead).toBeLessThanOrEqual(log.partitions.flat().length);
      },
    ),
    { numRuns: 500 },
  );
});

test("of events with ids of their own, what was sent again is left out, also what was sent first before the position", async () => {
  const log = new MemoryLog();
  const sent = ["a", "b", "c", "b", "d", "a", "e", "c", "f", "g"];
  log.partitions[0] = sent.map((id, i) => ({
    channel: "*",
    timeMs: 1_000 + i,
    headers: { "event-id": id },
    value: reading(id),
  }));
  const ask = (after: number, before: number, prev: number): HistoryRequest => ({
    topic: READINGS,
    channel: "*",
    after: { epoch: EPOCH, id: `${after}-1` },
    before: {
      epoch: EPOCH,
      id: `${before}-1`,
      prev: `${prev}-1`,
      count: 7,
      brokerTimeMs: 1_000 + before,
      traceparent: null,
      value: "",
    },
    eventsMax: 10,
  });
  const ids = (events: WindowEntry[] | null | undefined) => events?.map(({ id }) => id) ?? null;
  const [whole] = await search(log, [ask(2, 9, 8)]);
  expect(ids(whole)).toEqual(["4-1", "6-1", "8-1"]);
  log.low[0] = 3;
  expect(ids((await search(log, [ask(2, 9, 8)]))[0])).toEqual(null);
  log.low[0] = 4;
  expect(ids((await search(log, [ask(2, 9, 8)]))[0])).toEqual(null);
});

test("there is no answer where the log lacks what the window follows, or has more than is asked for", async () => {
  const { log, accepted } = sequenceLog(
    Array.from({ length: 10 }, () => ({ channel: "A", afterMs: 1_000, what: "NEXT" as const, howFar: 1 })),
  );
  const all = accepted.get("A")!;
  const request = (more: object): HistoryRequest => ({
    topic: TRADES,
    channel: "A",
    after: { epoch: EPOCH, id: "2-0" },
    before: { ...entryOf(all, 7), ...more },
    eventsMax: 5,
  });
  const [answer] = await search(log, [request({})]);
  expect(answer?.map(({ id }) => id)).toEqual(["3-0", "4-0", "5-0", "6-0", "7-0"]);
  expect(answer!.every(({ id }, i) => i === 0 || compareIds(id, answer![i - 1]!.id) > 0)).toBe(true);
  expect(await search(log, [{ ...request({}), eventsMax: 4 }])).toEqual([null]);
  expect(await search(log, [request({ id: "8-1", prev: "8-0" })])).toEqual([null]);
  const { brokerTimeMs } = all[7]!;
  for (const otherMs of [5, brokerTimeMs - 1, brokerTimeMs + 1])
    expect(await search(log, [request({ brokerTimeMs: otherMs })])).toEqual([null]);
  expect(await search(log, [request({ prev: "7-3" })])).toEqual([null]);
});
