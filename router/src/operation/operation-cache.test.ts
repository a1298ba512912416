import { expect, test } from "vitest";
import { OperationCache } from "./operation-cache.ts";

test("what was used longest ago goes first", async () => {
  const cache = new OperationCache<string>(2);
  const made: string[] = [];
  const get = (key: string) => cache.get(key, async () => (made.push(key), key));
  for (const key of ["a", "b", "a", "c", "a", "b"]) await get(key);
  expect(made).toEqual(["a", "b", "c", "b"]);
});

test("what is asked for while it is being made is made once", async () => {
  const cache = new OperationCache<number>(2);
  let made = 0;
  const [one, two] = await Promise.all([cache.get("a", async () => ++made), cache.get("a", async () => ++made)]);
  expect([one, two, made]).toEqual([1, 1, 1]);
});

test("a fault is not kept", async () => {
  const cache = new OperationCache<number>(2);
  await expect(cache.get("a", async () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await cache.get("a", async () => 1)).toBe(1);
});
