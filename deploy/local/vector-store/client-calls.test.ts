import { servers } from "@mib/testkit/servers";
import { QdrantClient } from "@qdrant/js-client-rest";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

// Every call of the JS client, against whatever answers at TEST_QDRANT_URL: this store or a real Qdrant.
const client = new QdrantClient({
  url: servers.qdrantUrl,
  ...(process.env.QDRANT_API_KEY ? { apiKey: process.env.QDRANT_API_KEY } : {}),
  checkCompatibility: false,
});
// By its title, not by a variable: what this store refuses would change more of a real Qdrant than this test's collections.
const isOurs = (await client.versionInfo()).title.startsWith("Market Intel Brain");
type Call = (name: string) => Promise<unknown>;

const done = expect.objectContaining({ status: "completed", operation_id: expect.any(Number) });
const hit = (id: number) => expect.objectContaining({ id, score: expect.any(Number), version: expect.any(Number) });
const wait = true;

/** What is offered: the call, and the shape that Qdrant documents for its answer. */
const OFFERED: Record<string, [Call, unknown]> = {
  versionInfo: [() => client.versionInfo(), expect.objectContaining({ version: expect.any(String) })],
  getCollections: [() => client.getCollections(), { collections: expect.any(Array) }],
  getCollection: [
    (name) => client.getCollection(name),
    expect.objectContaining({ status: expect.any(String), points_count: 2 }),
  ],
  collectionExists: [(name) => client.collectionExists(name), { exists: true }],
  createCollection: [
    async (name) => {
      await client.deleteCollection(name);
      return client.createCollection(name, { vectors: { size: 2, distance: "Dot" } });
    },
    true,
  ],
  recreateCollection: [
    async (name) => {
      await client.recreateCollection(name, { vectors: { size: 2, distance: "Dot" } });
      return client.count(name);
    },
    { count: 0 },
  ],
  updateCollection: [(name) => client.updateCollection(name, { metadata: { model: "m" } }), true],
  deleteCollection: [(name) => client.deleteCollection(name), true],
  updateCollectionAliases: [
    (name) =>
      client.updateCollectionAliases({
        actions: [{ create_alias: { alias_name: `alias-${name}`, collection_name: name } }],
      }),
    true,
  ],
  getAliases: [() => client.getAliases(), { aliases: expect.any(Array) }],
  getCollectionAliases: [(name) => client.getCollectionAliases(name), { aliases: [] }],
  createPayloadIndex: [
    (name) => client.createPayloadIndex(name, { wait, field_name: "rank", field_schema: "integer" }),
    done,
  ],
  deletePayloadIndex: [(name) => client.deletePayloadIndex(name, "source", { wait }), done],
  upsert: [(name) => client.upsert(name, { wait, points: [{ id: 3, vector: { dense: [1, 1] }, payload: {} }] }), done],
  retrieve: [
    (name) => client.retrieve(name, { ids: [1], with_vector: ["dense"] }),
    [expect.objectContaining({ id: 1, payload: { source: "wire" }, vector: { dense: [1, 0] } })],
  ],
  delete: [(name) => client.delete(name, { wait, points: [1] }), done],
  updateVectors: [
    async (name) => {
      const answer = await client.updateVectors(name, { wait, points: [{ id: 1, vector: { dense: [0, -1] } }] });
      const points = await client.retrieve(name, { ids: [1], with_payload: true, with_vector: ["dense"] });
      return [answer, points[0]];
    },
    [done, expect.objectContaining({ payload: { source: "wire" }, vector: { dense: [0, -1] } })],
  ],
  deleteVectors: [
    async (name) => {
      const answer = await client.deleteVectors(name, { wait, points: [1], vector: ["dense"] });
      return [answer, (await client.query(name, { query: [1, 0], using: "dense" })).points];
    },
    [done, [hit(2)]],
  ],
  setPayload: [(name) => client.setPayload(name, { wait, payload: { a: 1 }, points: [1] }), done],
  overwritePayload: [(name) => client.overwritePayload(name, { wait, payload: { a: 1 }, points: [1] }), done],
  deletePayload: [(name) => client.deletePayload(name, { wait, keys: ["source"], points: [1] }), done],
  clearPayload: [(name) => client.clearPayload(name, { wait, points: [1] }), done],
  batchUpdate: [(name) => client.batchUpdate(name, { wait, operations: [{ delete: { points: [1] } }] }), [done]],
  scroll: [
    (name) => client.scroll(name, { limit: 1 }),
    { points: [expect.objectContaining({ id: 1 })], next_page_offset: 2 },
  ],
  count: [(name) => client.count(name, { exact: true }), { count: 2 }],
  facet: [
    (name) => client.facet(name, { key: "source", exact: true }),
    {
      hits: expect.arrayContaining([
        { value: "wire", count: 1 },
        { value: "blog", count: 1 },
      ]),
    },
  ],
  query: [
    (name) =>
      client.query(name, {
        prefetch: [
          { query: [1, 0], using: "dense", limit: 2 },
          { query: { indices: [7], values: [1] }, using: "words", limit: 2 },
        ],
        query: { fusion: "rrf" },
      }),
    { points: [hit(1), hit(2)] },
  ],
  queryBatch: [
    (name) =>
      client.queryBatch(name, {
        searches: [
          { query: { recommend: { positive: [1] } }, using: "dense" },
          { query: [1, 0], using: "dense" },
        ],
      }),
    [{ points: [hit(2)] }, { points: [hit(1), hit(2)] }],
  ],
  queryGroups: [
    (name) =>
      client.queryGroups(name, {
        prefetch: [
          { query: [1, 0], using: "dense", limit: 2 },
          { query: { indices: [7], values: [1] }, using: "words", limit: 2 },
        ],
        query: { fusion: "rrf" },
        group_by: "source",
        group_size: 1,
      }),
    {
      groups: [
        { id: "wire", hits: [hit(1)] },
        { id: "blog", hits: [hit(2)] },
      ],
    },
  ],
};

/** What the store refuses with 501. */
const REFUSED: Record<string, Call> = {
  searchMatrixPairs: (name) => client.searchMatrixPairs(name, { sample: 2, limit: 1 }),
  searchMatrixOffsets: (name) => client.searchMatrixOffsets(name, { sample: 2, limit: 1 }),
  createVectorName: (name) =>
    client.createVectorName(name, "more", { dense: { size: 2, distance: "Dot" } } as never, { wait }),
  deleteVectorName: (name) => client.deleteVectorName(name, "dense", { wait }),
  getOptimizations: (name) => client.getOptimizations(name),
  getQuotas: () => client.getQuotas(),
  updateQuotas: () => client.updateQuotas({}),
  collectionClusterInfo: (name) => client.collectionClusterInfo(name),
  updateCollectionCluster: (name) =>
    client.updateCollectionCluster(name, { drop_replica: { shard_id: 0, peer_id: 1 } }),
  clusterTelemetry: () => client.clusterTelemetry(),
  listShardKeys: (name) => client.listShardKeys(name),
  createShardKey: (name) => client.createShardKey(name, { shard_key: "a" }),
  deleteShardKey: (name) => client.deleteShardKey(name, { shard_key: "a" }),
  listSnapshots: (name) => client.listSnapshots(name),
  createSnapshot: (name) => client.createSnapshot(name),
  deleteSnapshot: (name) => client.deleteSnapshot(name, "s"),
  recoverSnapshot: (name) => client.recoverSnapshot(name, { location: "file:///s" }),
  listFullSnapshots: () => client.listFullSnapshots(),
  createFullSnapshot: () => client.createFullSnapshot(),
  deleteFullSnapshot: () => client.deleteFullSnapshot("s"),
  listShardSnapshots: (name) => client.listShardSnapshots(name, 0),
  createShardSnapshot: (name) => client.createShardSnapshot(name, 0, {}),
  deleteShardSnapshot: (name) => client.deleteShardSnapshot(name, 0, "s", {}),
  recoverShardFromSnapshot: (name) => client.recoverShardFromSnapshot(name, 0, { location: "file:///s" }),
};

test("the document lists every call of the client as offered or not", () => {
  const document = readFileSync(join(import.meta.dirname, "../../../docs/vector-store.md"), "utf8");
  const rows = [...document.matchAll(/^\| `(\w+)` \| (yes|no) \|/gm)].map(([, call, offered]) => [call, offered]);
  const calls = Object.getOwnPropertyNames(QdrantClient.prototype).filter(
    (call) => call !== "constructor" && call !== "api",
  );
  expect(rows).toHaveLength(calls.length);
  expect(new Set(rows.map(([call]) => call))).toEqual(new Set(calls));
  expect(Object.fromEntries(rows)).toEqual({
    ...Object.fromEntries(Object.keys(OFFERED).map((call) => [call, "yes"])),
    ...Object.fromEntries(Object.keys(REFUSED).map((call) => [call, "no"])),
  });
});

describe("an offered call answers in Qdrant's shape", () => {
  let name: string;
  beforeEach(async () => {
    name = `test-${randomUUID()}`;
    await client.createCollection(name, {
      vectors: { dense: { size: 2, distance: "Cosine" } },
      sparse_vectors: { words: { modifier: "idf" } },
    });
    await client.createPayloadIndex(name, { wait, field_name: "source", field_schema: "keyword" });
    await client.upsert(name, {
      wait,
      points: [
        { id: 1, vector: { dense: [1, 0], words: { indices: [7], values: [1] } }, payload: { source: "wire" } },
        { id: 2, vector: { dense: [0, 1], words: { indices: [8], values: [1] } }, payload: { source: "blog" } },
      ],
    });
  });
  afterEach(async () => {
    await client.deleteCollection(name);
  });

  test.each(Object.entries(OFFERED))("%s", async (_, [call, shape]) => {
    expect(await call(name)).toEqual(shape);
  });
});

describe.runIf(isOurs)("a call that is not offered is refused with 501", () => {
  test.each(Object.entries(REFUSED))("%s", async (_, call) => {
    await expect(call("any")).rejects.toMatchObject({ status: 501 });
  });
});
