import { servers } from "@mib/testkit/servers";
import { QdrantClient } from "@qdrant/js-client-rest";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// Runs against whatever answers at TEST_QDRANT_URL: this store or a real Qdrant.
const client = new QdrantClient({
  url: servers.qdrantUrl,
  ...(process.env.QDRANT_API_KEY ? { apiKey: process.env.QDRANT_API_KEY } : {}),
  checkCompatibility: false,
});
const made: string[] = [];

async function collection(parameters: Parameters<QdrantClient["createCollection"]>[1]): Promise<string> {
  const name = `test-${randomUUID()}`;
  await client.createCollection(name, parameters);
  made.push(name);
  return name;
}

/** Four directions of a plane, with payloads to filter by. */
const POINTS = [
  {
    id: 1,
    vector: [1, 0, 0, 0],
    payload: { symbols: ["BTC", "ETH"], source: "wire", rank: 1, at: "2024-01-01T00:00:00Z" },
  },
  {
    id: 2,
    vector: [0.9, 0.1, 0, 0],
    payload: { symbols: ["BTC"], source: "wire", rank: 2, at: "2024-01-02T00:00:00Z" },
  },
  { id: 3, vector: [0, 1, 0, 0], payload: { symbols: ["SOL"], source: "blog", rank: 3, at: "2024-01-03T00:00:00Z" } },
  {
    id: 4,
    vector: [0, 0, 1, 0],
    payload: { symbols: [], source: "blog", rank: 4, at: "2024-01-04T00:00:00Z", note: "late" },
  },
];

async function filled(): Promise<string> {
  const name = await collection({ vectors: { size: 4, distance: "Cosine" } });
  await client.createPayloadIndex(name, { wait: true, field_name: "symbols", field_schema: "keyword" });
  await client.createPayloadIndex(name, { wait: true, field_name: "rank", field_schema: "integer" });
  await client.createPayloadIndex(name, { wait: true, field_name: "at", field_schema: "datetime" });
  await client.upsert(name, { wait: true, points: POINTS });
  return name;
}

const ids = (points: readonly { id: string | number }[]) => points.map((point) => point.id);

async function statusOf(call: Promise<unknown>): Promise<number> {
  try {
    await call;
    return 200;
  } catch (error) {
    return Number(/Unexpected Response: (\d+)/.exec(String(error))?.[1] ?? (error as { status?: number }).status);
  }
}

let shared: string;
beforeAll(async () => {
  shared = await filled();
});
afterAll(async () => {
  for (const name of made) await client.deleteCollection(name);
});

describe("collections", () => {
  test("a collection is created, listed, described and deleted", async () => {
    const name = await collection({ vectors: { size: 3, distance: "Dot" }, metadata: { model: "m1" } });
    expect((await client.getCollections()).collections).toContainEqual({ name });
    expect(await client.collectionExists(name)).toEqual({ exists: true });
    const info = await client.getCollection(name);
    expect(info.config.params.vectors).toMatchObject({ size: 3, distance: "Dot" });
    expect(info.config.metadata).toEqual({ model: "m1" });
    expect(info.status).toBe("green");
    expect(await client.deleteCollection(name)).toBe(true);
    expect(await client.collectionExists(name)).toEqual({ exists: false });
  });

  test("metadata is merged, and null removes a key", async () => {
    const name = await collection({ vectors: { size: 3, distance: "Dot" }, metadata: { a: 1, b: 2 } });
    await client.updateCollection(name, { metadata: { b: null, c: 3 } });
    expect((await client.getCollection(name)).config.metadata).toEqual({ a: 1, c: 3 });
  });

  test("an alias stands for its collection and is switched at once", async () => {
    const first = await filled();
    const second = await collection({ vectors: { size: 4, distance: "Cosine" } });
    const alias = `alias-${randomUUID()}`;
    await client.updateCollectionAliases({
      actions: [{ create_alias: { alias_name: alias, collection_name: first } }],
    });
    expect((await client.count(alias)).count).toBe(4);
    await client.updateCollectionAliases({
      actions: [
        { delete_alias: { alias_name: alias } },
        { create_alias: { alias_name: alias, collection_name: second } },
      ],
    });
    expect((await client.count(alias)).count).toBe(0);
    expect((await client.getCollectionAliases(second)).aliases).toEqual([
      { alias_name: alias, collection_name: second },
    ]);
    expect((await client.getAliases()).aliases).toContainEqual({ alias_name: alias, collection_name: second });
  });

  test("payload indexes show in the collection and go away", async () => {
    const name = await filled();
    expect((await client.getCollection(name)).payload_schema).toMatchObject({
      symbols: { data_type: "keyword" },
      at: { data_type: "datetime" },
    });
    await client.deletePayloadIndex(name, "at");
    expect(Object.keys((await client.getCollection(name)).payload_schema)).not.toContain("at");
  });
});

describe("points", () => {
  test("a second upsert of an id replaces the point", async () => {
    const name = await filled();
    await client.upsert(name, { wait: true, points: [{ id: 1, vector: [0, 0, 0, 1], payload: { source: "new" } }] });
    const [point] = await client.retrieve(name, { ids: [1], with_vector: true });
    expect(point).toMatchObject({ id: 1, payload: { source: "new" }, vector: [0, 0, 0, 1] });
    expect((await client.count(name, { exact: true })).count).toBe(4);
  });

  test("ids are unsigned numbers and UUIDs", async () => {
    const name = await filled();
    const id = randomUUID();
    await client.upsert(name, {
      wait: true,
      batch: {
        ids: [id, 77],
        vectors: [
          [1, 1, 1, 1],
          [2, 1, 1, 1],
        ],
        payloads: [{ a: 1 }, { a: 2 }],
      },
    });
    expect(ids(await client.retrieve(name, { ids: [id, 77] }))).toEqual(expect.arrayContaining([id, 77]));
  });

  test("points are deleted by id and by filter", async () => {
    const name = await filled();
    await client.delete(name, { wait: true, points: [1] });
    await client.delete(name, { wait: true, filter: { must: [{ key: "source", match: { value: "blog" } }] } });
    expect(ids((await client.scroll(name)).points)).toEqual([2]);
  });

  test("payload is set, overwritten, deleted and cleared", async () => {
    const name = await filled();
    const payload = async (id: number) => (await client.retrieve(name, { ids: [id] }))[0]?.payload;
    await client.setPayload(name, { payload: { extra: true }, points: [1] });
    expect(await payload(1)).toMatchObject({ source: "wire", extra: true });
    await client.setPayload(name, {
      payload: { extra: 2 },
      filter: { must: [{ key: "source", match: { value: "blog" } }] },
    });
    expect(await payload(4)).toMatchObject({ extra: 2 });
    await client.overwritePayload(name, { payload: { only: 1 }, points: [2] });
    expect(await payload(2)).toEqual({ only: 1 });
    await client.deletePayload(name, { keys: ["extra"], points: [1] });
    expect(await payload(1)).not.toHaveProperty("extra");
    await client.clearPayload(name, { points: [3] });
    expect(await payload(3)).toEqual({});
  });

  test("a batch of operations is applied in order", async () => {
    const name = await filled();
    await client.batchUpdate(name, {
      operations: [
        { upsert: { points: [{ id: 9, vector: [1, 2, 3, 4], payload: { a: 1 } }] } },
        { set_payload: { payload: { b: 2 }, points: [9] } },
        { delete: { points: [1, 2] } },
      ],
    });
    expect(ids((await client.scroll(name)).points)).toEqual([3, 4, 9]);
    expect((await client.retrieve(name, { ids: [9] }))[0]?.payload).toEqual({ a: 1, b: 2 });
  });

  test("scroll pages through all points, and orders by an indexed field", async () => {
    const first = await client.scroll(shared, { limit: 3 });
    expect([ids(first.points), first.next_page_offset]).toEqual([[1, 2, 3], 4]);
    const rest = await client.scroll(shared, { limit: 3, offset: first.next_page_offset as number });
    expect([ids(rest.points), rest.next_page_offset]).toEqual([[4], null]);
    expect(ids((await client.scroll(shared, { order_by: { key: "rank", direction: "desc" } })).points)).toEqual([
      4, 3, 2, 1,
    ]);
    expect(ids((await client.scroll(shared, { order_by: { key: "at", direction: "desc" }, limit: 2 })).points)).toEqual(
      [4, 3],
    );
  });
});

describe("filters", () => {
  const cases: [string, object, number[]][] = [
    ["match value in a list", { must: [{ key: "symbols", match: { value: "BTC" } }] }, [1, 2]],
    ["match any", { must: [{ key: "symbols", match: { any: ["SOL", "ETH"] } }] }, [1, 3]],
    ["match except", { must: [{ key: "source", match: { except: ["blog"] } }] }, [1, 2]],
    ["number range", { must: [{ key: "rank", range: { gt: 1, lte: 3 } }] }, [2, 3]],
    [
      "time range",
      { must: [{ key: "at", range: { gte: "2024-01-02T00:00:00Z", lt: "2024-01-04T00:00:00Z" } }] },
      [2, 3],
    ],
    ["has id", { must: [{ has_id: [2, 4] }] }, [2, 4]],
    ["must not", { must_not: [{ key: "source", match: { value: "wire" } }] }, [3, 4]],
    [
      "should",
      {
        should: [
          { key: "rank", match: { value: 1 } },
          { key: "rank", match: { value: 4 } },
        ],
      },
      [1, 4],
    ],
    ["empty", { must: [{ is_empty: { key: "note" } }] }, [1, 2, 3]],
    ["values count", { must: [{ key: "symbols", values_count: { gte: 2 } }] }, [1]],
    [
      "nested filter",
      { must: [{ should: [{ has_id: [1] }, { has_id: [3] }] }, { key: "source", match: { value: "blog" } }] },
      [3],
    ],
  ];
  test.each(cases)("%s", async (_, filter, expected) => {
    expect(ids((await client.scroll(shared, { filter })).points)).toEqual(expected);
    expect((await client.count(shared, { filter, exact: true })).count).toBe(expected.length);
  });
});

describe("queries", () => {
  test("nearest gives the most similar first, with score, payload and vector as asked", async () => {
    const { points } = await client.query(shared, {
      query: [1, 0, 0, 0],
      limit: 2,
      with_payload: ["rank"],
      with_vector: true,
    });
    expect(ids(points)).toEqual([1, 2]);
    expect(points[0]?.score).toBeCloseTo(1, 5);
    expect(points[0]).toMatchObject({ payload: { rank: 1 }, vector: [1, 0, 0, 0] });
  });

  test("a score threshold, an offset and a filter narrow the answer", async () => {
    expect(ids((await client.query(shared, { query: [1, 0, 0, 0], score_threshold: 0.5 })).points)).toEqual([1, 2]);
    expect(ids((await client.query(shared, { query: [1, 0, 0, 0], limit: 1, offset: 1 })).points)).toEqual([2]);
    const filter = { must: [{ key: "symbols", match: { value: "SOL" } }] };
    expect(ids((await client.query(shared, { query: [1, 0, 0, 0], filter })).points)).toEqual([3]);
  });

  test("a query by example finds others, not the example", async () => {
    expect(ids((await client.query(shared, { query: 1, limit: 1 })).points)).toEqual([2]);
  });

  test("recommend goes towards the positive and away from the negative", async () => {
    for (const strategy of ["average_vector", "best_score", "sum_scores"] as const) {
      const { points } = await client.query(shared, {
        query: { recommend: { positive: [1], negative: [3], strategy } },
        limit: 1,
      });
      expect(ids(points)).toEqual([2]);
    }
  });

  test("prefetches are fused by reciprocal rank: what both find comes first", async () => {
    const { points } = await client.query(shared, {
      prefetch: [
        { query: [1, 0, 0, 0], limit: 2 },
        { query: [0, 1, 0, 0], limit: 2 },
      ],
      query: { fusion: "rrf" },
      limit: 3,
    });
    expect(points[0]?.id).toBe(2);
    expect(new Set(ids(points))).toEqual(new Set([1, 2, 3]));
  });

  test("dense and sparse vectors live side by side and are fused", async () => {
    const name = await collection({
      vectors: { dense: { size: 2, distance: "Cosine" } },
      sparse_vectors: { words: { modifier: "idf" } },
    });
    await client.upsert(name, {
      wait: true,
      points: [
        { id: 1, vector: { dense: [1, 0], words: { indices: [1, 2], values: [1, 1] } }, payload: {} },
        { id: 2, vector: { dense: [0, 1], words: { indices: [3], values: [1] } }, payload: {} },
      ],
    });
    const sparse = await client.query(name, { query: { indices: [3], values: [1] }, using: "words" });
    expect(ids(sparse.points)).toEqual([2]);
    const fused = await client.query(name, {
      prefetch: [
        { query: [1, 0], using: "dense", limit: 1 },
        { query: { indices: [1], values: [1] }, using: "words", limit: 5 },
      ],
      query: { fusion: "rrf" },
    });
    expect(fused.points[0]?.id).toBe(1);
    const [point] = await client.retrieve(name, { ids: [1], with_vector: ["words"] });
    expect(point?.vector).toEqual({ words: { indices: [1, 2], values: [1, 1] } });
  });

  test("ordering by a field and sampling are queries too", async () => {
    expect(
      ids((await client.query(shared, { query: { order_by: { key: "rank", direction: "desc" } }, limit: 2 })).points),
    ).toEqual([4, 3]);
    expect((await client.query(shared, { query: { sample: "random" }, limit: 3 })).points).toHaveLength(3);
  });

  test("a formula lifts the scores of a prefetch", async () => {
    const { points } = await client.query(shared, {
      prefetch: { query: [1, 0, 0, 0], limit: 4 },
      query: { formula: { sum: ["$score", { mult: [10, { key: "source", match: { value: "blog" } }] }] } },
      limit: 2,
    });
    expect(new Set(ids(points))).toEqual(new Set([3, 4]));
  });

  test("a batch answers each query in its place", async () => {
    const answers = await client.queryBatch(shared, {
      searches: [
        { query: [1, 0, 0, 0], limit: 1 },
        { query: [0, 0, 1, 0], limit: 1 },
      ],
    });
    expect(answers.map(({ points }) => ids(points))).toEqual([[1], [4]]);
  });

  test("groups hold the best hits of each value", async () => {
    const { groups } = await client.queryGroups(shared, {
      query: [1, 0, 0, 0],
      group_by: "source",
      group_size: 1,
      limit: 2,
      with_payload: true,
    });
    expect(groups.map((group) => [group.id, ids(group.hits)])).toEqual([
      ["wire", [1]],
      ["blog", [expect.any(Number)]],
    ]);
    expect(groups[0]?.hits[0]?.payload).toMatchObject({ source: "wire" });
  });

  test("facets count the values of an indexed field", async () => {
    const { hits } = await client.facet(shared, { key: "symbols", exact: true });
    expect(hits).toEqual(
      expect.arrayContaining([
        { value: "BTC", count: 2 },
        { value: "ETH", count: 1 },
        { value: "SOL", count: 1 },
      ]),
    );
    expect(hits[0]).toEqual({ value: "BTC", count: 2 });
  });
});

describe("bad input", () => {
  const cases: [string, () => Promise<unknown>, number][] = [
    ["an unknown collection", () => client.count("no-such-collection"), 404],
    [
      "a collection that exists",
      () => client.createCollection(shared, { vectors: { size: 4, distance: "Cosine" } }),
      409,
    ],
    [
      "a vector of the wrong dimension",
      () => client.upsert(shared, { wait: true, points: [{ id: 50, vector: [1, 2], payload: {} }] }),
      400,
    ],
    ["a query of the wrong dimension", () => client.query(shared, { query: [1, 2] }), 400],
    ["an unknown vector name", () => client.query(shared, { query: [1, 2, 3, 4], using: "other" }), 400],
    ["an id that is neither number nor UUID", () => client.retrieve(shared, { ids: ["abc"] }), 400],
    ["a field that does not exist", () => client.upsert(shared, { pointz: [] } as never), 400],
    ["a limit of zero", () => client.query(shared, { query: [1, 0, 0, 0], limit: 0 }), 422],
    ["an example that is not there", () => client.query(shared, { query: 12_345 }), 404],
    ["ordering by a field without an index", () => client.scroll(shared, { order_by: "source" }), 400],
    ["a facet over a field without an index", () => client.facet(shared, { key: "source" }), 400],
    ["a fusion without prefetches", () => client.query(shared, { query: { fusion: "rrf" } }), 400],
  ];
  test.each(cases)("%s is refused", async (_, call, status) => {
    expect(await statusOf(call())).toBe(status);
  });

  test("a request with one bad point stores none of its points", async () => {
    const points = [
      { id: 60, vector: [1, 2, 3, 4], payload: {} },
      { id: 61, vector: [1], payload: {} },
    ];
    expect(await statusOf(client.upsert(shared, { wait: true, points }))).toBe(400);
    expect(await client.retrieve(shared, { ids: [60, 61] })).toEqual([]);
  });
});
