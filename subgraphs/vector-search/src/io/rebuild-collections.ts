import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { CodedError } from "@mib/service/coded-error";
import type { QdrantClient } from "@qdrant/js-client-rest";
import {
  aliasActions,
  aliasTargets,
  type CollectionKind,
  createFor,
  createIndexes,
  meaningOf,
  problemOf,
  versionOf,
  writesOf,
} from "./open-collection.ts";
import type { KnownModel } from "./serving-model.ts";
import { WORDS, wordsOf } from "./ranked-query.ts";
import { documentVector } from "./text-embedder.ts";

export interface RebuildOptions {
  client: QdrantClient;
  /** What is to embed the collections. */
  model: KnownModel;
  /** What there is, by alias. All are switched at once. */
  kinds: ReadonlyMap<string, CollectionKind>;
  /** How long a query or a write may take that had its collection before an alias was changed. */
  settleMs: number;
  /** Looked at for each page: when it is aborted, writers write again and what is made stays for the next run. */
  signal?: AbortSignal | undefined;
  /** Told how far it is. */
  report?(line: string): void;
}

/** One collection that is read and its next version. */
interface Version {
  alias: string;
  kind: CollectionKind;
  from: string;
  to: string;
}

type Payload = Record<string, unknown>;

const PAGE = 256;
/** So few changes in a pass are left to the last one, for which articles that arrive wait. */
const LEFT_MAX = 64;

/**
 * Embeds collections by another model beside those that serve, follows what arrives meanwhile, switches the aliases of all at once and
 * deletes the old versions. Whenever it is ended, the next one goes on with what is there, or with another model begins anew. REBUILD_REFUSED
 * when there is nothing to rebuild. One at a time.
 *
 * Readers never lack anything: for the last pass the aliases by which points are written are taken away, so what was read before the switch is
 * read after it, and what arrives between waits with its writer.
 */
export async function rebuildCollections(options: RebuildOptions): Promise<{ embedded: number; points: number }> {
  const { client, kinds, report = () => {} } = options;
  const targets = await aliasTargets(client);
  const versions = [...kinds].flatMap(([alias, kind]): Version[] => {
    const from = targets.get(alias);
    return from === undefined ? [] : [{ alias, kind, from, to: versionOf(alias, numberOf(from) + 1) }];
  });
  if (versions.length === 0)
    throw new CodedError("REBUILD_REFUSED", `There is no collection yet behind ${[...kinds.keys()].join(", ")}.`);
  if (await areOf(options, versions)) return finish(options, versions);

  await openNext(options, versions);
  let embedded = 0;
  let left = Number.POSITIVE_INFINITY;
  for (;;) {
    const changed = await passOver(options, versions);
    embedded += changed;
    report(`${changed} points were missing or other`);
    // No pass gets ahead of what arrives as fast as it is embedded: then the rest waits for its writers.
    if (changed <= LEFT_MAX || changed > left / 2) break;
    left = changed;
  }
  embedded += await switchTo(options, versions);
  report("the new collections are read");
  const points = await count(
    client,
    versions.map(({ to }) => to),
  );
  // Queries that came to the old ones before the switch end there.
  await delay(options.settleMs, undefined, { signal: options.signal });
  await deleteOthers(
    client,
    versions.map(({ alias, to }) => ({ alias, served: to })),
  );
  return { embedded, points };
}

/** The last pass, while nobody writes, then both aliases of each collection at once. */
async function switchTo(options: RebuildOptions, versions: readonly Version[]): Promise<number> {
  const { client } = options;
  const held = versions.map(({ alias }) => ({ delete_alias: { alias_name: writesOf(alias) } }));
  await client.updateCollectionAliases({ actions: held });
  try {
    // A write that had its collection before the aliases went may still come.
    await delay(options.settleMs, undefined, { signal: options.signal });
    const embedded = await passOver(options, versions);
    await client.updateCollectionAliases({ actions: versions.flatMap(({ alias, to }) => aliasActions(alias, to)) });
    return embedded;
  } catch (error) {
    await releaseWriters(client, versions).catch(() => {});
    throw error;
  }
}

/** Lets those write again who wait for a switch that did not come. */
async function releaseWriters(client: QdrantClient, versions: readonly Version[]): Promise<void> {
  const targets = await aliasTargets(client);
  const actions = versions.flatMap(({ alias }) => aliasActions(alias, targets.get(alias)!));
  await client.updateCollectionAliases({ actions });
}

/** All are embedded by this model already: what an ended run has left behind goes. */
async function finish(
  options: RebuildOptions,
  versions: readonly Version[],
): Promise<{ embedded: number; points: number }> {
  const { client } = options;
  await releaseWriters(client, versions);
  await deleteOthers(
    client,
    versions.map(({ alias, from }) => ({ alias, served: from })),
  );
  return {
    embedded: 0,
    points: await count(
      client,
      versions.map(({ from }) => from),
    ),
  };
}

/** Deletes all versions of collections but those that serve. */
async function deleteOthers(client: QdrantClient, kept: readonly { alias: string; served: string }[]): Promise<void> {
  const { collections } = await client.getCollections();
  for (const { alias, served } of kept)
    for (const { name } of collections)
      if (isVersionOf(alias, name) && name !== served) await client.deleteCollection(name);
}

/** The next versions: those of an ended run where they are by this model of these collections, else empty ones. */
async function openNext({ client, model }: RebuildOptions, versions: readonly Version[]): Promise<void> {
  const { collections } = await client.getCollections();
  const known = new Set(collections.map(({ name }) => name));
  for (const { kind, from, to } of versions) {
    if (known.has(to)) {
      const { config } = await client.getCollection(to);
      if (config.metadata?.["madeOf"] === from && (await problemOf(client, to, model)) === null) {
        // The run may have ended between the collection and its indexes.
        await createIndexes(client, to, kind);
        continue;
      }
      await client.deleteCollection(to);
    }
    await createFor(client, to, model, kind, { madeOf: from });
  }
}

/** Makes the next versions like those that serve. Returns how many points had to be changed. */
async function passOver(options: RebuildOptions, versions: readonly Version[]): Promise<number> {
  let changed = 0;
  for (const version of versions) {
    changed += await takeOver(options, version);
    changed += await dropGone(options, version);
  }
  return changed;
}

async function takeOver({ client, model, signal }: RebuildOptions, { kind, from, to }: Version): Promise<number> {
  let changed = 0;
  for await (const page of pagesOf(client, from, true)) {
    signal?.throwIfAborted();
    const there = await client.retrieve(to, { ids: page.map(({ id }) => id), with_payload: true });
    const known = new Map(there.map(({ id, payload }) => [id, payload]));
    const other = page.filter(({ id, payload }) => !isDeepStrictEqual(known.get(id), payload));
    if (other.length === 0) continue;
    const points = await Promise.all(
      other.map(async ({ id, payload }) => ({ id, payload, vector: await vectorsOf(kind.textsOf(payload), model) })),
    );
    await client.upsert(to, { wait: true, points });
    changed += points.length;
  }
  return changed;
}

/** Deletes what is not in the collection that serves any more. */
async function dropGone({ client, signal }: RebuildOptions, { from, to }: Version): Promise<number> {
  let dropped = 0;
  for await (const page of pagesOf(client, to, false)) {
    signal?.throwIfAborted();
    const ids = page.map(({ id }) => id);
    const there = new Set((await client.retrieve(from, { ids, with_payload: false })).map(({ id }) => id));
    const gone = ids.filter((id) => !there.has(id));
    if (gone.length === 0) continue;
    await client.delete(to, { wait: true, points: gone });
    dropped += gone.length;
  }
  return dropped;
}

async function vectorsOf({ meaning, words }: ReturnType<CollectionKind["textsOf"]>, model: KnownModel) {
  const vector = meaning === null ? null : await documentVector(model.embedder, meaning);
  return {
    ...(vector !== null && { [meaningOf(model)]: vector }),
    ...(words !== null && { [WORDS]: wordsOf(words) }),
  };
}

async function* pagesOf(
  client: QdrantClient,
  collection: string,
  with_payload: boolean,
): AsyncGenerator<{ id: string | number; payload: Payload }[]> {
  let offset: string | number | undefined;
  do {
    const { points, next_page_offset } = await client.scroll(collection, {
      limit: PAGE,
      with_payload,
      ...(offset !== undefined && { offset }),
    });
    yield points.map(({ id, payload }) => ({ id, payload: payload ?? {} }));
    offset = (next_page_offset ?? undefined) as string | number | undefined;
  } while (offset !== undefined);
}

async function areOf({ client, model }: RebuildOptions, versions: readonly Version[]): Promise<boolean> {
  const problems = await Promise.all(versions.map(({ from }) => problemOf(client, from, model)));
  return problems.every((problem) => problem === null);
}

async function count(client: QdrantClient, collections: readonly string[]): Promise<number> {
  const counts = await Promise.all(collections.map((collection) => client.count(collection, { exact: true })));
  return counts.reduce((sum, each) => sum + each.count, 0);
}

const isVersionOf = (alias: string, collection: string): boolean =>
  collection.startsWith(`${alias}.`) && /^\d+$/u.test(collection.slice(alias.length + 1));

function numberOf(collection: string): number {
  return Number(/\.(\d+)$/u.exec(collection)?.[1] ?? 0);
}
