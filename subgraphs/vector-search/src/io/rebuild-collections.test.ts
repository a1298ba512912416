import { createHash } from "node:crypto";
import { ERROR_CATALOGUE } from "@mib/service/error-catalogue";
import { createService } from "@mib/service/run";
import { eventually } from "@mib/testkit/eventually";
import { servers, uniqueName } from "@mib/testkit/servers";
import { QdrantClient } from "@qdrant/js-client-rest";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Article } from "../domain/article.ts";
import { ARTICLES } from "./article-store.ts";
import { aliasActions, meaningOf } from "./open-collection.ts";
import { WATCHES } from "./news-watch-store.ts";
import { POSTS } from "./post-store.ts";
import { rebuildCollections } from "./rebuild-collections.ts";
import { type KnownModel, ServingModel } from "./serving-model.ts";

const url = servers.qdrantUrl;
const client = new QdrantClient({ url, checkCompatibility: false });
const { log } = createService("rebuild-test");
const COUNT = 300;
/** More than a page of the rebuild, and less than all. */
const FIRST_PAGE = 270;
const SETTLE_MS = 50;
const DEADLINE = { deadlineMs: 60_000 };

/** A model whose vectors are made of the text's hash: a text is nearest to itself, and to nothing of another model. */
function modelNamed(name: string, dimension: number): KnownModel & { embedded: string[] } {
  const embedded: string[] = [];
  const vectorOf = (text: string) => {
    const bytes = [0, 1].flatMap((part) => [...createHash("sha512").update(`${name} ${part} ${text}`).digest()]);
    const vector = bytes.slice(0, dimension).map((byte) => byte - 127.5);
    return vector.map((value) => value / Math.hypot(...vector));
  };
  const embed = async (text: string) => {
    embedded.push(text);
    return vectorOf(text);
  };
  return { name, dimension, embedder: { embed }, embedded };
}

const articleOf = (at: number): Article => ({
  id: `a${at}`,
  title: `Number ${at} of the articles`,
  summary: null,
  url: null,
  source: "wire",
  publishedAt: new Date(Date.UTC(2024, 0, 1) + at * 1_000).toISOString(),
  symbols: [`S${at % 7}`],
  mentions: [],
  story: `a${at}`,
  copyOf: at > 0 && at % 50 === 0 ? `a${at - 1}` : null,
  sentiment: null,
});

let aliases: { articles: string; posts: string; watches: string };
let before: ReturnType<typeof modelNamed>;
let after: ReturnType<typeof modelNamed>;
let serving: ServingModel;

const options = () => ({
  client,
  model: after as KnownModel,
  settleMs: SETTLE_MS,
  kinds: new Map([
    [aliases.articles, ARTICLES],
    [aliases.posts, POSTS],
    [aliases.watches, WATCHES],
  ]),
});

const rebuild = (model: KnownModel = after, signal?: AbortSignal) =>
  rebuildCollections({ ...options(), model, signal });

async function save(from: number, to: number, by = serving): Promise<void> {
  const all = Array.from({ length: to - from }, (_, at) => articleOf(from + at));
  await by.run(async ({ articles, embedder }) =>
    articles.save(
      await Promise.all(
        all.map(async (article, at) => ({
          article,
          vector: await embedder.embed(article.title, "document"),
          position: { epoch: "e", offset: BigInt(from + at) },
        })),
      ),
    ),
  );
}

/** What a search by an article's own text finds first. */
async function nearestTo(at: number): Promise<string | undefined> {
  const anything = { symbols: null, sources: null, from: null, to: null };
  const found = await serving.run(async ({ articles, embedder }) =>
    articles.search(
      { vector: await embedder.embed(articleOf(at).title, "query"), text: null, filter: anything, halfLifeHours: null },
      { limit: 1, offset: 0 },
    ),
  );
  return found[0]?.article.id;
}

async function collections(): Promise<string[]> {
  const { collections: all } = await client.getCollections();
  return all.map(({ name }) => name).filter((name) => name.startsWith(aliases.articles));
}

beforeEach(async () => {
  const prefix = uniqueName("test-rebuild");
  aliases = { articles: `${prefix}-news`, posts: `${prefix}-posts`, watches: `${prefix}-watches` };
  before = modelNamed("before", 64);
  after = modelNamed("after", 96);
  const open = { vectorStore: { url }, aliases, log };
  serving = await ServingModel.open({ ...open, models: [before] });
  await save(0, COUNT);
  await serving.current.watches.save([
    {
      id: "00000000-0000-4000-8000-000000000001",
      version: 3,
      query: "copper",
      symbols: [],
      similarityLeast: 0.5,
      at: "2024-01-01T00:00:00Z",
      vector: await before.embedder.embed("copper", "query"),
      position: { epoch: "e", offset: 1n },
    },
  ]);
  // The process is told of the new model, and goes on by the old one.
  serving = await ServingModel.open({ ...open, models: [after, before] });
});

afterEach(async () => {
  const prefix = aliases.articles.slice(0, -"-news".length);
  const { collections: all } = await client.getCollections();
  for (const { name } of all) if (name.startsWith(prefix)) await client.deleteCollection(name);
});

test("searches go on while collections are embedded anew and switched, and lack no article at any time", async () => {
  let saved = COUNT;
  let searches = 0;
  const ending = new AbortController();
  const lacking: string[] = [];
  const searching = (async () => {
    for (let at = 0; !ending.signal.aborted; at = (at + 7) % saved) {
      const asked = articleOf(at);
      const found =
        asked.copyOf === null ? await nearestTo(at) : (await serving.current.articles.byIds([asked.id]))[0]?.id;
      if (found !== asked.id) lacking.push(`${asked.id}: ${found}`);
      searches += 1;
    }
  })();
  const arriving = (async () => {
    while (!ending.signal.aborted) {
      // As the reader of the stream does: tried again until it is stored.
      await eventually(() => save(saved, saved + 3), DEADLINE);
      saved += 3;
      // Not faster than the searches.
      const asked = searches;
      await eventually(() => expect(searches > asked || ending.signal.aborted).toBe(true), DEADLINE);
    }
  })();
  const { points } = await rebuild();
  const [searchesThen, savedThen] = [searches, saved];
  await eventually(() => expect(searches).toBeGreaterThan(searchesThen + 20), DEADLINE);
  await eventually(() => expect(saved).toBeGreaterThan(savedThen + 6), DEADLINE);
  ending.abort();
  await Promise.all([searching, arriving]);

  expect(lacking).toEqual([]);
  expect(points).toBeGreaterThan(COUNT);
  expect(await serving.current.articles.check()).toEqual({ articles: saved });
  expect(await serving.current.articles.lastOffset("e")).toBe(BigInt(saved - 1));
  expect(await collections()).toEqual([`${aliases.articles}.2`]);
  // All of it by the new model, watches among it, and with what it was stored with.
  expect(await nearestTo(saved - 1)).toBe(`a${saved - 1}`);
  const [found = []] = await serving.current.watches.matching([
    { vector: await after.embedder.embed("copper", "query"), about: [], arrivedMs: Date.now() },
  ]);
  expect(found).toMatchObject([{ version: 3 }]);
  expect(await serving.current.articles.byIds(["a50", "a51"])).toEqual([articleOf(50), articleOf(51)]);
  expect(after.embedded.filter((text) => text === articleOf(50).title)).toEqual([]);
});

test("a run that was ended is gone on with, and embeds nothing again", async () => {
  const limited: KnownModel = {
    ...after,
    embedder: {
      embed: (text, urgency) =>
        after.embedded.length < FIRST_PAGE ? after.embedder.embed(text, urgency) : Promise.reject(new Error("killed")),
    },
  };
  await expect(rebuild(limited)).rejects.toThrow("killed");
  expect(await collections()).toEqual([`${aliases.articles}.1`, `${aliases.articles}.2`]);
  expect(await nearestTo(3)).toBe("a3");
  const { count: done } = await client.count(`${aliases.articles}.2`, { exact: true });
  expect(done).toBeGreaterThan(0);
  // Meanwhile one has come, and the publisher of a copy was added to another.
  await save(COUNT, COUNT + 1);
  const embeddedBefore = after.embedded.length;
  await rebuild();
  expect(after.embedded.length - embeddedBefore).toBeLessThanOrEqual(COUNT + 2 - done);
  expect(await nearestTo(COUNT - 1)).toBe(`a${COUNT - 1}`);
  expect(await serving.current.articles.check()).toEqual({ articles: COUNT + 1 });
  expect(await collections()).toEqual([`${aliases.articles}.2`]);
});

test("a run that is told to end while writers wait lets them write, and the next one goes on", async () => {
  const ending = new AbortController();
  const ended = rebuildCollections({ ...options(), settleMs: 600_000, signal: ending.signal });
  // They wait for what is being written.
  await eventually(() => expect(save(0, 1)).rejects.toMatchObject({ code: "SEARCH_UNAVAILABLE" }), DEADLINE);
  ending.abort(new Error("told to end"));
  await expect(ended).rejects.toThrow();
  await save(COUNT + 1, COUNT + 2);
  const embeddedBefore = after.embedded.length;
  await rebuild();
  expect(after.embedded.length - embeddedBefore).toBe(1);
  expect(await nearestTo(COUNT + 1)).toBe(`a${COUNT + 1}`);
});

test("a run that is told to end while it embeds ends at the next page", async () => {
  const ending = new AbortController();
  ending.abort(new Error("told to end"));
  await expect(rebuild(after, ending.signal)).rejects.toThrow("told to end");
  expect(after.embedded).toEqual([]);
});

test("a collection by the right model that lacks something is made anew", async () => {
  const alias = aliases.articles;
  await client.createCollection(`${alias}.7`, {
    vectors: { [meaningOf(before)]: { size: before.dimension, distance: "Cosine" } },
    sparse_vectors: { words: { modifier: "idf" } },
    metadata: { model: before.name, dimension: before.dimension },
  });
  await client.upsert(`${alias}.7`, {
    wait: true,
    points: [{ id: 1, vector: {}, payload: { ...articleOf(50), publisher: "wire", source: [], about: [] } }],
  });
  await client.updateCollectionAliases({ actions: aliasActions(alias, `${alias}.7`) });
  const open = () => ServingModel.open({ vectorStore: { url }, aliases, models: [before], log });
  await expect(open()).rejects.toMatchObject({ cause: { message: expect.stringMatching(/not as float16.*npm run/u) } });
  expect(await rebuild(before)).toMatchObject({ points: 2 });
  // What older runs have left is gone, too.
  expect(await collections()).toEqual([`${alias}.8`]);
  await open();
});

test("indexes that an ended run did not make are made by the next one", async () => {
  await client.createCollection(`${aliases.articles}.2`, {
    vectors: { [meaningOf(after)]: { size: after.dimension, distance: "Cosine", datatype: "float16" } },
    sparse_vectors: { words: { modifier: "idf" } },
    metadata: { model: after.name, dimension: after.dimension, madeOf: `${aliases.articles}.1` },
  });
  await rebuild();
  const { payload_schema: indexed } = await client.getCollection(`${aliases.articles}.2`);
  expect(Object.keys(indexed).toSorted()).toEqual(Object.keys(ARTICLES.indexes).toSorted());
});

test("a run of yet another model begins anew, and one of the model that serves takes all of it back", async () => {
  const failing: KnownModel = { ...after, embedder: { embed: () => Promise.reject(new Error("killed")) } };
  await expect(rebuild(failing)).rejects.toThrow("killed");
  const third = modelNamed("third", 32);
  const gone: KnownModel = { ...third, embedder: { embed: () => Promise.reject(new Error("killed, too")) } };
  await expect(rebuild(gone)).rejects.toThrow("killed, too");
  const { config } = await client.getCollection(`${aliases.articles}.2`);
  expect(config.metadata).toMatchObject({ model: "third", dimension: 32 });
  expect(await rebuild(before)).toEqual({ embedded: 0, points: COUNT + 1 });
  expect(await collections()).toEqual([`${aliases.articles}.1`]);
});

test("killed while writers wait, they wait until the next run, and a process that starts reads", async () => {
  // The state that a kill between the last pass and the switch leaves.
  const writes = Object.values(aliases).map((alias) => ({ delete_alias: { alias_name: `${alias}-writes` } }));
  await client.updateCollectionAliases({ actions: writes });
  await expect(save(COUNT, COUNT + 1)).rejects.toMatchObject({ code: "SEARCH_UNAVAILABLE" });
  expect(await nearestTo(3)).toBe("a3");
  serving = await ServingModel.open({ vectorStore: { url }, aliases, models: [after, before], log });
  expect(await nearestTo(4)).toBe("a4");
  await rebuild();
  await save(COUNT, COUNT + 1);
  expect(await serving.current.articles.byIds([`a${COUNT}`])).toEqual([articleOf(COUNT)]);
});

test("a process that does not know the collections' model is refused with what to do", async () => {
  await expect(
    ServingModel.open({ vectorStore: { url }, aliases, models: [modelNamed("third", 64)], log }),
  ).rejects.toMatchObject({
    code: "EMBEDDING_MODEL_MISMATCH",
    message: ERROR_CATALOGUE.EMBEDDING_MODEL_MISMATCH.meaning,
    cause: {
      message: expect.stringMatching(
        /embedded by before \(64 dimensions\), this process knows third.*npm run rebuild/u,
      ),
    },
  });
});

test("without collections there is nothing to rebuild", async () => {
  const kinds = new Map([[uniqueName("test-none"), ARTICLES]]);
  await expect(rebuildCollections({ client, model: after, settleMs: SETTLE_MS, kinds })).rejects.toMatchObject({
    code: "REBUILD_REFUSED",
  });
});
