import { afterAll, expect, test } from "vitest";
import { EMBEDDING_DIMENSION, Embedder } from "./embedder.ts";

const embedder = new Embedder({ threads: 1 });
afterAll(() => embedder.close());

const similarity = (a: number[], b: number[]) => a.reduce((sum, value, index) => sum + value * (b[index] as number), 0);

test("vectors are of unit length and of the model's dimension", async () => {
  const vector = await embedder.embed("Copper supply is disrupted by a strike", "document");
  expect(vector).toHaveLength(EMBEDDING_DIMENSION);
  expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
});

test("a paraphrase is nearer than another subject, whatever words it uses", async () => {
  const [query, paraphrase, other] = await Promise.all([
    embedder.embed("miners stop work, metal becomes scarce", "query"),
    embedder.embed("Copper supply is disrupted by a strike at the largest mine", "document"),
    embedder.embed("Central bank keeps interest rates unchanged", "document"),
  ]);
  expect(similarity(query, paraphrase)).toBeGreaterThan(similarity(query, other));
});

test("more texts than one batch come back each with its own vector", async () => {
  const texts = Array.from({ length: 40 }, (_, index) => `story number ${index}`);
  const vectors = await Promise.all(texts.map((text) => embedder.embed(text, "document")));
  const again = await embedder.embed("story number 39", "query");
  expect(again).toBe(vectors[39]);
  expect(new Set(vectors.map((vector) => vector.join())).size).toBe(40);
});

test("a closed embedder refuses", async () => {
  const closed = new Embedder({ threads: 1 });
  await closed.close();
  await expect(closed.embed("anything", "query")).rejects.toThrow("closed");
});
