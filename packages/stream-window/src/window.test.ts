import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Append,
  appendEvents,
  type AppendOptions,
  type AppendOutcome,
  type WindowLimits,
} from "./append-function.ts";
import { channelName, compareIds, decodeMessage, epochKey, type WindowEntry, wholeKey, windowKey } from "./layout.ts";
import { loadLibrary } from "./library.ts";
import { handOver, markWhole, noteProgress, readProgress } from "./progress.ts";
import { readAfter, readLast, WindowsLostError } from "./reader.ts";

let redis: Redis;
let subscriber: Redis;
beforeAll(async () => {
  redis = new Redis(process.env.TEST_REDIS_URL!);
  subscriber = redis.duplicate();
  await loadLibrary(redis);
});
afterAll(async () => {
  await Promise.all([redis.quit(), subscriber.quit()]);
});

const ROOMY: WindowLimits = { entriesMax: 1_000, bytesMax: 1_000_000, ageMsMax: 3_600_000 };
const SILENT: AppendOptions = { limits: ROOMY, publish: "NONE" };
const EPOCH = "11111111-1111-4111-8111-111111111111";
const NEXT_EPOCH = "22222222-2222-4222-8222-222222222222";

const newTopic = () => `test-${randomUUID()}`;
const event = (topic: string, id: string, more: Partial<Append> = {}): Append => ({
  topic,
  channel: "A",
  epoch: EPOCH,
  id,
  brokerTimeMs: 1_000,
  traceparent: null,
  value: `{"id":"${id}"}`,
  ...more,
});
const append = (events: Append[], options = SILENT) => appendEvents(redis, events, options);
/** Reads as one that knows that the windows are there. */
const lastOf = async (topic: string, channel = "A") => {
  await markWhole(redis, topic, []);
  return readLast(redis, topic, channel);
};
const ids = (entries: WindowEntry[]) => entries.map(({ id }) => id);

test("events are linked by prev, counted, kept and read back", async () => {
  const topic = newTopic();
  expect(await append([event(topic, "5-0"), event(topic, "5-1"), event(topic, "9-0")])).toEqual([
    "APPENDED",
    "APPENDED",
    "APPENDED",
  ]);
  expect(await lastOf(topic)).toEqual({
    epoch: EPOCH,
    id: "9-0",
    prev: "5-1",
    count: 3,
    brokerTimeMs: 1_000,
    traceparent: null,
    value: `{"id":"9-0"}`,
  });
  const slice = await readAfter(redis, topic, "A", { epoch: EPOCH, id: "5-0" }, 10);
  expect([ids(slice.entries), slice.complete]).toEqual([["5-1", "9-0"], true]);
  expect(await readAfter(redis, topic, "A", { epoch: EPOCH, id: "9-0" }, 10)).toMatchObject({
    epoch: EPOCH,
    entries: [],
    complete: true,
    head: { id: "9-0", count: 3 },
  });
});

test("what was seen is a DUPLICATE, what is old and was never seen is OUT_OF_ORDER", async () => {
  const topic = newTopic();
  await append([event(topic, "5-0"), event(topic, "9-0")]);
  expect(await append([event(topic, "9-0"), event(topic, "5-0"), event(topic, "7-0"), event(topic, "4-0")])).toEqual([
    "DUPLICATE",
    "DUPLICATE",
    "OUT_OF_ORDER",
    "DUPLICATE",
  ]);
  expect((await lastOf(topic))?.count).toBe(2);
});

test("a known event id is a DUPLICATE at a new position, and stays one when both are read again", async () => {
  const topic = newTopic();
  const events = [
    event(topic, "1-1", { eventId: "x" }),
    event(topic, "2-1", { eventId: "x" }),
    event(topic, "3-1", { eventId: "y" }),
  ];
  expect(await append(events)).toEqual(["APPENDED", "DUPLICATE", "APPENDED"]);
  expect(await append(events)).toEqual(["DUPLICATE", "DUPLICATE", "DUPLICATE"]);
  expect(ids((await readAfter(redis, topic, "A", { epoch: EPOCH, id: "0-0" }, 10)).entries)).toEqual(["1-1", "3-1"]);
});

test("a new epoch starts the channel afresh, and nothing of the old one is taken any more", async () => {
  const topic = newTopic();
  await append([event(topic, "5-0"), event(topic, "1-0", { epoch: NEXT_EPOCH })]);
  expect(await append([event(topic, "5-0"), event(topic, "6-0"), event(topic, "2-0", { epoch: NEXT_EPOCH })])).toEqual([
    "DUPLICATE",
    "OUT_OF_ORDER",
    "APPENDED",
  ]);
  expect(await lastOf(topic)).toMatchObject({ epoch: NEXT_EPOCH, id: "2-0", prev: "1-0", count: 2 });
  expect(await readAfter(redis, topic, "A", { epoch: EPOCH, id: "5-0" }, 10)).toMatchObject({
    epoch: NEXT_EPOCH,
    complete: false,
  });
  expect(await redis.ttl(windowKey(topic, "A", EPOCH))).toBeGreaterThan(0);
});

test("every appended event is published once with its header, and in silence when it is refilled", async () => {
  const topic = newTopic();
  const heard: WindowEntry[] = [];
  subscriber.on(
    "message",
    (channel, message) => void (channel === channelName(topic, "A") && heard.push(decodeMessage(message))),
  );
  await subscriber.subscribe(channelName(topic, "A"));
  await append([event(topic, "1-0"), event(topic, "2-0")]);
  await append([event(topic, "2-0"), event(topic, "3-0", { traceparent: "00-a-b-01", value: "{\n}" })], {
    limits: ROOMY,
    publish: "PUBLISH",
  });
  await subscriber.ping();
  expect(heard).toEqual([
    { epoch: EPOCH, id: "3-0", prev: "2-0", count: 3, brokerTimeMs: 1_000, traceparent: "00-a-b-01", value: "{\n}" },
  ]);
});

test("nothing is appended without the marker, nor to a channel that the caller knows and Redis does not", async () => {
  const topic = newTopic();
  const marker = { key: `${topic}:marker`, at: 0n };
  const options = { limits: ROOMY, publish: "PUBLISH" as const, marker };
  expect(await append([event(topic, "1-0")], options)).toEqual(["LOST"]);
  await redis.set(marker.key, "0 0");
  expect(
    await append(
      [event(topic, "1-0", { known: true }), event(topic, "1-0"), event(topic, "2-0", { known: true })],
      options,
    ),
  ).toEqual(["LOST", "APPENDED", "APPENDED"]);
});

test("each event moves the marker, and none is appended that the one before it did not leave it for", async () => {
  const topic = newTopic();
  const [first, second] = [`{${topic}}:first`, `{${topic}}:second`];
  await redis.set(first, "3 0");
  const at = (next: bigint) => ({
    limits: ROOMY,
    publish: "NONE" as const,
    since: 2n,
    marker: { key: first, at: next },
  });
  const events = ["1-0", "2-0", "3-0"].map((id, i) => event(topic, id, { next: BigInt(10 * i + 10) }));
  expect(await append(events.slice(1), at(10n))).toEqual(["BEHIND", "BEHIND"]);
  expect(await append(events, at(3n))).toEqual(["APPENDED", "APPENDED", "APPENDED"]);
  expect(await readProgress(redis, first)).toEqual({ next: 30n, since: 2n });
  expect(await append(events, at(3n))).toEqual(["DUPLICATE", "DUPLICATE", "DUPLICATE"]);
  expect(await noteProgress(redis, first, 3n, { next: 20n, since: 1n })).toBe("NOTED");
  expect(await readProgress(redis, first)).toEqual({ next: 30n, since: 2n });

  expect(await noteProgress(redis, first, 31n, { next: 40n, since: 2n })).toBe("BEHIND");
  expect(await handOver(redis, [first, second], 31n, { next: 40n, since: 2n })).toBe("BEHIND");
  expect(await handOver(redis, [first, second], 30n, { next: 40n, since: 5n })).toBe("NOTED");
  expect(await readProgress(redis, first)).toBeNull();
  expect(await readProgress(redis, second)).toEqual({ next: 40n, since: 5n });
  expect(await noteProgress(redis, first, 0n, { next: 1n, since: 0n })).toBe("LOST");
});

test("a channel's first event behind a place in the log before which nothing is known shows a hole, and only that", async () => {
  const topic = newTopic();
  const since = (place: bigint, publish: "NONE" | "PUBLISH" = "PUBLISH") => ({ limits: ROOMY, publish, since: place });
  await append([event(topic, "10-0"), event(topic, "11-0")], since(7n));
  expect(await append([event(topic, "12-0", { eventId: "x" })], since(9n))).toEqual(["APPENDED"]);
  // Read again in silence up to its last event, the channel is known from there on.
  await append([event(topic, "12-0", { eventId: "x" })], since(20n, "NONE"));
  await append([event(topic, "13-0")], since(20n, "NONE"));
  await append([event(topic, "13-0")], since(30n, "NONE"));
  await append([event(topic, "14-0")], since(30n));
  await append([event(topic, "1-0", { epoch: NEXT_EPOCH }), event(topic, "2-0", { epoch: NEXT_EPOCH })], since(30n));
  const prevs = async (epoch: string) =>
    (await redis.xrange(windowKey(topic, "A", epoch), "-", "+")).map(([id, fields]) => [id, fields[1]!.split(" ")[2]]);
  const below = (sequence: number) => `${sequence}-${2n ** 64n - 1n}`;
  expect(await prevs(EPOCH)).toEqual([
    ["10-0", below(9)],
    ["11-0", "10-0"],
    ["12-0", below(11)],
    ["13-0", "12-0"],
    ["14-0", "13-0"],
  ]);
  expect(await prevs(NEXT_EPOCH)).toEqual([
    ["1-0", "0-0"],
    ["2-0", "1-0"],
  ]);
});

test("events that are missing before one are shown by its prev and count, and a reader learns of the hole", async () => {
  const topic = newTopic();
  await append([event(topic, "10-0", { before: { id: "9-0", count: 41 } })]);
  expect(await lastOf(topic)).toMatchObject({ prev: "9-0", count: 42 });
  expect((await readAfter(redis, topic, "A", { epoch: EPOCH, id: "8-0" }, 10)).complete).toBe(false);
  await append([event(topic, "20-0", { before: { id: "19-7", count: 0 } }), event(topic, "21-0")]);
  const slice = await readAfter(redis, topic, "A", { epoch: EPOCH, id: "9-0" }, 10);
  expect([ids(slice.entries), slice.complete]).toEqual([["10-0"], true]);
  expect((await readAfter(redis, topic, "A", { epoch: EPOCH, id: "10-0" }, 10)).complete).toBe(false);
});

test("no event comes after itself or after what is newer, whatever the caller says was before it", async () => {
  const topic = newTopic();
  await append([event(topic, "5-0")]);
  await append([
    event(topic, "6-0", { before: { id: "6-0", count: 9 } }),
    event(topic, "7-0", { before: { id: "8-0", count: 9 } }),
  ]);
  const { entries, complete } = await readAfter(redis, topic, "A", { epoch: EPOCH, id: "5-0" }, 10);
  expect(entries.map(({ id, prev, count }) => [id, prev, count])).toEqual([
    ["6-0", "5-0", 2],
    ["7-0", "6-0", 3],
  ]);
  expect(complete).toBe(true);
});

test("a relay of the version before goes on beside this one, with the marker and without", async () => {
  const topic = newTopic();
  const marker = `${topic}:marker`;
  await redis.set(marker, "3 0");
  const call = (keys: string[], id: string, next: string) => {
    const args = [
      EPOCH,
      id,
      "1000",
      "-",
      "",
      "{}",
      "0",
      "0",
      "",
      "0",
      "1000",
      "1000000",
      "3600000",
      "0",
      "",
      "3",
      next,
    ];
    return redis.call("FCALL", "mib_append", String(keys.length), ...keys, ...args);
  };
  expect(await call([channelName(topic, "A"), marker], "5-0", "4")).toBe("APPENDED");
  expect(await call([channelName(topic, "A")], "6-0", "5")).toBe("APPENDED");
  expect(await readProgress(redis, marker)).toEqual({ next: 4n, since: 0n });
  expect(await append([event(topic, "6-0"), event(topic, "7-0")])).toEqual(["DUPLICATE", "APPENDED"]);
  expect((await lastOf(topic))?.prev).toBe("6-0");
});

test("a window that no longer reaches back says so", async () => {
  const topic = newTopic();
  const limits = { ...ROOMY, entriesMax: 2 };
  await append(
    ["1-0", "2-0", "3-0", "4-0"].map((id) => event(topic, id)),
    { limits, publish: "NONE" },
  );
  expect((await readAfter(redis, topic, "A", { epoch: EPOCH, id: "1-0" }, 10)).complete).toBe(false);
  expect((await readAfter(redis, topic, "A", { epoch: EPOCH, id: "2-0" }, 10)).complete).toBe(true);
  await markWhole(redis, topic, []);
  expect(await readAfter(redis, topic, "B", { epoch: EPOCH, id: "2-0" }, 10)).toEqual({
    epoch: null,
    head: null,
    entries: [],
    complete: false,
  });
});

test("what a channel had last is known only where all windows are, on this run of the server", async () => {
  // Elsewhere, so that tests beside this one go on.
  const own = redis.duplicate({ db: 9 });
  await own.flushdb();
  const topic = newTopic();
  await appendEvents(own, [event(topic, "1-0", { channel: "B" })], SILENT);
  const reads = () =>
    [
      readLast(own, topic, "A"),
      readAfter(own, topic, "A", { epoch: EPOCH, id: "0-0" }, 10),
      readLast(own, topic, "B"),
    ] as const;
  const refused = async () => {
    for (const { status, ...rest } of await Promise.allSettled<unknown>(reads()))
      expect([status, rest]).toEqual(["rejected", { reason: expect.any(WindowsLostError) }]);
  };
  const markers = [`${topic}:1`, `${topic}:2`].map((key) => ({ key, at: 7n }));
  await own.set(markers[0]!.key, "7 0");
  expect(await markWhole(own, topic, markers)).toBe("LOST");
  await refused();
  await own.set(markers[1]!.key, "6 0");
  expect(await markWhole(own, topic, markers)).toBe("BEHIND");
  await refused();
  await own.set(markers[1]!.key, "8 0");
  expect(await markWhole(own, topic, markers)).toBe("NOTED");
  expect(await Promise.all(reads())).toMatchObject([null, { epoch: null, entries: [] }, { id: "1-0" }]);
  await own.set(wholeKey(topic), "another run of the server");
  await refused();
  await own.flushdb();
  await own.quit();
});

test("the newest entry stays, however large or old", async () => {
  const topic = newTopic();
  const limits = { entriesMax: 10, bytesMax: 10, ageMsMax: 10 };
  await append([event(topic, "1-0"), event(topic, "2-0", { value: "x".repeat(1_000), brokerTimeMs: 9_000 })], {
    limits,
    publish: "NONE",
  });
  expect(await redis.xlen(windowKey(topic, "A", EPOCH))).toBe(1);
  expect((await lastOf(topic))?.id).toBe("2-0");
});

// The model is the sentence "refuse what is not newer, append, link, count, trim"; the server must agree after any run of events.
const anyStep = fc.record({
  channel: fc.constantFrom("A", "B"),
  id: fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 2 })).map(([high, low]) => `${high}-${low}`),
  bytes: fc.integer({ min: 0, max: 60 }),
  stepMs: fc.integer({ min: 0, max: 50 }),
});

test("after any run of events the window is what a plain model says, within its limits", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStep, { maxLength: 60 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 100, max: 1_500 }),
      async (steps, entriesMax, bytesMax) => {
        const topic = newTopic();
        const limits = { entriesMax, bytesMax, ageMsMax: 400 };
        const accepted: Record<string, WindowEntry[]> = { A: [], B: [] };
        const expected: (AppendOutcome | "REFUSED")[] = [];
        let now = 1_000;
        const events = steps.map(({ channel, id, bytes, stepMs }) => {
          now += stepMs;
          const value = "v".repeat(bytes);
          const past = accepted[channel]!;
          const last = past.at(-1);
          const newer = last === undefined || compareIds(id, last.id) > 0;
          expected.push(newer ? "APPENDED" : "REFUSED");
          if (newer)
            past.push({
              epoch: EPOCH,
              id,
              prev: last?.id ?? "0-0",
              count: past.length + 1,
              brokerTimeMs: now,
              traceparent: null,
              value,
            });
          return event(topic, id, { channel, value, brokerTimeMs: now });
        });
        const outcomes = events.length === 0 ? [] : await append(events, { limits, publish: "NONE" });
        expect(outcomes.map((outcome) => (outcome === "APPENDED" ? outcome : "REFUSED"))).toEqual(expected);

        for (const channel of ["A", "B"]) {
          const all = accepted[channel]!;
          if (all.length === 0) {
            expect(await redis.get(epochKey(topic, channel))).toBeNull();
            continue;
          }
          const raw = await redis.xrange(windowKey(topic, channel, EPOCH), "-", "+");
          const kept = all.slice(-raw.length);
          const size = raw.reduce((sum, [, fields]) => sum + fields[1]!.length + fields[3]!.length, 0);
          expect(raw.length).toBeGreaterThanOrEqual(1);
          expect(raw.length).toBeLessThanOrEqual(entriesMax);
          if (raw.length > 1) {
            expect(size).toBeLessThanOrEqual(bytesMax);
            expect(all.at(-1)!.brokerTimeMs - kept[0]!.brokerTimeMs).toBeLessThanOrEqual(450);
          }
          expect(raw.map(([id]) => id)).toEqual(ids(kept));
          expect(await lastOf(topic, channel)).toEqual(all.at(-1));
          const slice = await readAfter(redis, topic, channel, { epoch: EPOCH, id: kept[0]!.prev }, 1_000);
          expect([slice.entries, slice.complete]).toEqual([kept, true]);
          const state = (await redis.get(`${windowKey(topic, channel, EPOCH)}:state`))!.split(" ");
          expect(state.slice(0, 5)).toEqual([
            all.at(-1)!.id,
            String(all.length),
            String(raw.length),
            String(size),
            String(kept[0]!.brokerTimeMs),
          ]);
        }
      },
    ),
    { numRuns: 60 },
  );
});
