import type { QdrantClient } from "@qdrant/js-client-rest";
import { MEANING, WORDS } from "./ranked-query.ts";

export interface EmbeddingModel {
  name: string;
  dimension: number;
}

type FieldSchema = NonNullable<Parameters<QdrantClient["createPayloadIndex"]>[1]["field_schema"]>;

/**
 * Makes a collection of texts with a vector of their meaning and one of their words, or checks that what is there was embedded
 * by this model. Throws with what to do when it was not.
 */
export async function openCollection(
  client: QdrantClient,
  collection: string,
  model: EmbeddingModel,
  indexes: Readonly<Record<string, FieldSchema>>,
): Promise<void> {
  const { exists } = await client.collectionExists(collection);
  if (!exists) {
    await client.createCollection(collection, {
      vectors: { [MEANING]: { size: model.dimension, distance: "Cosine" } },
      sparse_vectors: { [WORDS]: { modifier: "idf" } },
      metadata: { model: model.name, dimension: model.dimension },
    });
  }
  const { config, payload_schema: indexed } = await client.getCollection(collection);
  const { model: name, dimension } = config.metadata ?? {};
  if (name !== model.name || dimension !== model.dimension) {
    throw new Error(
      `the collection ${collection} holds vectors of ${String(name)} (${String(dimension)} dimensions), this process embeds with ` +
        `${model.name} (${model.dimension}): they can't be compared. Delete the collection, and it is built again from the stream.`,
    );
  }
  for (const [field_name, field_schema] of Object.entries(indexes)) {
    if (!(field_name in indexed)) await client.createPayloadIndex(collection, { wait: true, field_name, field_schema });
  }
}
