import type { QdrantClient } from "@qdrant/js-client-rest";

/** How far the stream of this epoch is stored, by the points' own `epoch` and `offset`; null when nothing of it is. */
export async function lastOffsetOf(client: QdrantClient, collection: string, epoch: string): Promise<bigint | null> {
  const { points } = await client.scroll(collection, {
    filter: { must: [{ key: "epoch", match: { value: epoch } }] },
    order_by: { key: "offset", direction: "desc" },
    limit: 1,
    with_payload: ["offset"],
  });
  const offset = points[0]?.payload?.offset;
  return offset === undefined ? null : BigInt(offset as number);
}
