import { readFileSync } from "node:fs";
import fc from "fast-check";
import kafkajs from "kafkajs";
import { expect, test } from "vitest";
import { MARKET_PARTITIONS } from "./messages.generated.ts";
import { partitionOf, shardOf, shardsOf } from "./shard.ts";

const golden: { symbol: string; partition: number; shards: number[] }[] = JSON.parse(
  readFileSync(new URL("../../../engine/protocol/golden/partitions.json", import.meta.url), "utf8"),
);

test.each(golden)(
  "$symbol is of the partition and the shards that both languages know",
  ({ symbol, partition, shards }) => {
    expect(partitionOf(symbol, MARKET_PARTITIONS)).toBe(partition);
    expect([1, 2, 3, 4].map((count) => shardOf(symbol, count))).toEqual(shards);
  },
);

test("partitions are those of Kafka's own client", () => {
  const partitioner = kafkajs.Partitioners.DefaultPartitioner();
  const partitionMetadata = Array.from({ length: 8 }, (_, partitionId) => ({
    partitionId,
    leader: 0,
    partitionErrorCode: 0,
    replicas: [],
    isr: [],
  }));
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 60 }), (key) => {
      expect(partitionOf(key, 8)).toBe(partitioner({ topic: "", partitionMetadata, message: { key, value: null } }));
    }),
  );
});

test("a symbol that is longer than a message takes is where its beginning is", () => {
  expect(shardOf(`${"z".repeat(40)}and more`, 8)).toBe(shardOf("z".repeat(40), 8));
});

test("there is an engine, and no more of them than partitions", () => {
  expect(shardsOf(["a", "b"])).toEqual([
    { index: 0, count: 2 },
    { index: 1, count: 2 },
  ]);
  expect(() => shardsOf([])).toThrow(RangeError);
  expect(() => shardsOf(Array.from({ length: 9 }, String))).toThrow(RangeError);
});
