import { compareIds } from "@mib/stream-window/layout";
import fc from "fast-check";
import type { KafkaMessage } from "kafkajs";
import { expect, test } from "vitest";
import { decodeEvent, encodeHeaders, InvalidRecordError } from "./event.ts";
import { idOfOffset } from "./position.ts";

const EPOCHS = new Map([["news.articles.v1", "e-news"]]);
const record = (headers: Record<string, string>, more: Partial<KafkaMessage> = {}): KafkaMessage =>
  ({
    key: Buffer.from("k"),
    value: Buffer.from("{}"),
    timestamp: "1700000000000",
    attributes: 0,
    offset: "7",
    headers,
    ...more,
  }) as KafkaMessage;
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const engine = { channel: "BTCUSDT", epoch: "e1", sequence: "12", ordinal: "3", "schema-version": "1" };

test("a record of the engine has the position that its headers give", () => {
  expect(decodeEvent("market.trades.v1", 2, record(engine), EPOCHS)).toEqual({
    topic: "market.trades.v1",
    partition: 2,
    offset: 7n,
    key: "k",
    channel: "BTCUSDT",
    position: { epoch: "e1", id: "12-3" },
    eventId: null,
    backfill: false,
    brokerTimeMs: 1_700_000_000_000,
    traceparent: null,
    value: "{}",
  });
  expect(
    decodeEvent("market.bars.v1", 2, record({ ...engine, origin: "backfill", traceparent: TRACEPARENT }), EPOCHS),
  ).toMatchObject({ backfill: true, traceparent: TRACEPARENT });
});

test("what is no trace context is left out: in the header line of a window it would be read as something else", () => {
  for (const traceparent of ["a b", "a\nb", "", "x".repeat(1_000)])
    expect(decodeEvent("market.trades.v1", 2, record({ ...engine, traceparent }), EPOCHS).traceparent).toBeNull();
});

test("another record has its offset and its topic's epoch as position, and its event id", () => {
  const headers = encodeHeaders({ topic: "news.articles.v1", key: null, channel: "*", eventId: "n1", value: "" });
  expect(decodeEvent("news.articles.v1", 0, record(headers, { offset: "0", key: null }), EPOCHS)).toMatchObject({
    key: null,
    position: { epoch: "e-news", id: "0-1" },
    eventId: "n1",
  });
});

test.each([
  ["no channel", { ...engine, channel: "" }],
  ["no epoch", { ...engine, epoch: "" }],
  ["an epoch that would break the header line", { ...engine, epoch: "a b" }],
  ["an epoch whose window would be another key of its channel", { ...engine, epoch: "epoch" }],
  ["an epoch whose window would be the state of another", { ...engine, epoch: "e1:state" }],
  ["a sequence of more than 64 bits", { ...engine, sequence: "18446744073709551616" }],
  ["an ordinal of more than 64 bits", { ...engine, ordinal: "99999999999999999999" }],
  ["no sequence", { ...engine, sequence: "" }],
  ["a sequence that is no number", { ...engine, sequence: "x" }],
  ["a sequence with a leading zero", { ...engine, sequence: "012" }],
  ["the position before everything", { ...engine, sequence: "0", ordinal: "0" }],
  ["an unknown schema version", { ...engine, "schema-version": "2" }],
])("a record with %s is refused with a reason", (_, headers) => {
  expect(() => decodeEvent("market.trades.v1", 0, record(headers), EPOCHS)).toThrow(InvalidRecordError);
});

test("the largest position is one", () => {
  const most = String(2n ** 64n - 1n);
  const { position } = decodeEvent("market.trades.v1", 0, record({ ...engine, sequence: most, ordinal: most }), EPOCHS);
  expect(position.id).toBe(`${most}-${most}`);
});

test("a record without an event id or a value is refused", () => {
  expect(() => decodeEvent("news.articles.v1", 0, record({ channel: "*", "schema-version": "1" }), EPOCHS)).toThrow(
    "event-id",
  );
  expect(() => decodeEvent("news.articles.v1", 0, record({}, { value: null }), EPOCHS)).toThrow("no value");
});

test("offsets and ids are one order", () => {
  const anyOffset = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(anyOffset, anyOffset, (a, b) => {
      expect(Math.sign(compareIds(idOfOffset(String(a)), idOfOffset(String(b))))).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
  );
});
