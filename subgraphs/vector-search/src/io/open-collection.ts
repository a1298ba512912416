import { createHash } from "node:crypto";
import { CodedError } from "@mib/service/coded-error";
import type { QdrantClient } from "@qdrant/js-client-rest";
import { WORDS } from "./ranked-query.ts";

export interface EmbeddingModel {
  name: string;
  dimension: number;
}

type FieldSchema = NonNullable<Parameters<QdrantClient["createPayloadIndex"]>[1]["field_schema"]>;

/** What the points of a collection have. */
export interface CollectionKind {
  indexes: Readonly<Record<string, FieldSchema>>;
  /** The texts that a point's vectors are made of; null: it has no such vector. */
  textsOf(payload: Record<string, unknown>): { meaning: string | null; words: string | null };
}

/** Half the size of 32 bits, and a scan of all vectors takes a third of the time, for a few of a thousand of the ten nearest. */
const DATATYPE = "float16";

const COMMAND = "npm run rebuild -- vector-search";

/**
 * The name of a point's dense vector says whose it is: what another model embedded is refused by the store, and neither stored nor
 * compared.
 */
export function meaningOf({ name, dimension }: EmbeddingModel): string {
  return `meaning-${createHash("sha256").update(`${name} ${dimension}`).digest("hex").slice(0, 8)}`;
}

/** Where points are written. It is another alias than the one that is read, and gone while a rebuild switches both. */
export const writesOf = (alias: string): string => `${alias}-writes`;

/** Versions of a collection are numbered. */
export const versionOf = (alias: string, version: number): string => `${alias}.${version}`;

/** Which collection each alias stands for. */
export async function aliasTargets(client: QdrantClient): Promise<Map<string, string>> {
  const { aliases } = await client.getAliases();
  return new Map(aliases.map(({ alias_name, collection_name }) => [alias_name, collection_name]));
}

/** The model that embedded the collection of an alias; null when there is none. */
export async function modelOf(client: QdrantClient, alias: string): Promise<EmbeddingModel | null> {
  const target = (await aliasTargets(client)).get(alias);
  if (target === undefined) return null;
  const { config } = await client.getCollection(target);
  const { model, dimension } = config.metadata ?? {};
  return { name: String(model), dimension: Number(dimension) };
}

/**
 * Makes the first version of a collection of texts, with a vector of their meaning and one of their words, or checks that what is
 * there was embedded by this model. EMBEDDING_MODEL_MISMATCH when it was not; its cause says what to do.
 */
export async function openCollection(
  client: QdrantClient,
  alias: string,
  model: EmbeddingModel,
  kind: CollectionKind,
): Promise<void> {
  const targets = await aliasTargets(client);
  const serving = targets.get(alias);
  if (serving === undefined) return makeFirst(client, alias, model, kind);
  await checkCollection(client, serving, model);
  // While a rebuild makes its last pass, or was killed in it, there is none: what is written waits, what is read does not.
  const writing = targets.get(writesOf(alias)) ?? serving;
  if (writing !== serving)
    throw modelMismatch(`${alias} is read from ${serving} and written to ${writing}. Put that right: ${COMMAND}`);
  await createIndexes(client, serving, kind);
}

/** A collection for a model, empty. `metadata` is kept with it. */
export async function createFor(
  client: QdrantClient,
  collection: string,
  model: EmbeddingModel,
  kind: CollectionKind,
  metadata: Record<string, unknown> = {},
): Promise<void> {
  await client.createCollection(collection, {
    vectors: { [meaningOf(model)]: { size: model.dimension, distance: "Cosine", datatype: DATATYPE } },
    sparse_vectors: { [WORDS]: { modifier: "idf" } },
    metadata: { ...metadata, model: model.name, dimension: model.dimension },
  });
  await createIndexes(client, collection, kind);
}

/** What to tell the store so that readers and writers of an alias come to a collection. */
export function aliasActions(alias: string, collection: string) {
  return [alias, writesOf(alias)].flatMap((alias_name) => [
    { delete_alias: { alias_name } },
    { create_alias: { alias_name, collection_name: collection } },
  ]);
}

async function makeFirst(
  client: QdrantClient,
  alias: string,
  model: EmbeddingModel,
  kind: CollectionKind,
): Promise<void> {
  const { collections } = await client.getCollections();
  const names = new Set(collections.map(({ name }) => name));
  if (names.has(alias))
    throw modelMismatch(
      `${alias} is a collection and no alias of one: delete it, and it is built again from the stream, or choose another name.`,
    );
  const first = versionOf(alias, 1);
  if (!names.has(first))
    await createFor(client, first, model, kind).catch((error: { status?: number }) => {
      // Another process makes it, too.
      if (error.status !== 409) throw error;
    });
  await checkCollection(client, first, model);
  await createIndexes(client, first, kind);
  await client.updateCollectionAliases({ actions: aliasActions(alias, first) });
}

async function checkCollection(client: QdrantClient, collection: string, model: EmbeddingModel): Promise<void> {
  const problem = await problemOf(client, collection, model);
  if (problem !== null) throw modelMismatch(`The collection ${collection} ${problem}. Make it anew: ${COMMAND}`);
}

/** Why a process that embeds by this model can't use a collection; null: it can. */
export async function problemOf(
  client: QdrantClient,
  collection: string,
  model: EmbeddingModel,
): Promise<string | null> {
  const { config } = await client.getCollection(collection);
  const { model: name, dimension } = config.metadata ?? {};
  if (name !== model.name || dimension !== model.dimension)
    return `holds vectors of ${String(name)} (${String(dimension)} dimensions), this process embeds with ${model.name} (${model.dimension})`;
  const vectors = config.params.vectors as Record<string, { size?: number; datatype?: string } | undefined> | undefined;
  const meaning = vectors?.[meaningOf(model)];
  if (meaning?.size !== model.dimension) return `has no vector ${meaningOf(model)} of ${model.dimension} dimensions`;
  if (config.params.sparse_vectors?.[WORDS] === undefined) return `has no sparse vector ${WORDS}`;
  if (meaning.datatype !== DATATYPE) return `keeps vectors as ${meaning.datatype ?? "float32"}, not as ${DATATYPE}`;
  return null;
}

/** What is wrong is for who runs the processes: a client learns the code's meaning. */
export function modelMismatch(detail: string): CodedError {
  return new CodedError("EMBEDDING_MODEL_MISMATCH", undefined, {}, { cause: new Error(detail) });
}

/** Those that are missing. */
export async function createIndexes(
  client: QdrantClient,
  collection: string,
  { indexes }: CollectionKind,
): Promise<void> {
  const { payload_schema: indexed } = await client.getCollection(collection);
  for (const [field_name, field_schema] of Object.entries(indexes))
    if (!(field_name in indexed)) await client.createPayloadIndex(collection, { wait: true, field_name, field_schema });
}
