import { expect, test } from "vitest";
import { OperationCache } from "./operation-cache.ts";

const limits = { entriesMax: 2, bytesMax: 1_000, bytesOf: (made: string | number) => 2 * String(made).length };

test("what was used longest ago goes first", async () => {
  const cache = new OperationCache<string>(limits);
  const made: string[] = [];
  const get = (key: string) => cache.get(key, async () => (made.push(key), key));
  for (const key of ["a", "b", "a", "c", "a", "b"]) await get(key);
  expect(made).toEqual(["a", "b", "c", "b"]);
});

test("what is asked for while it is being made is made once", async () => {
  const cache = new OperationCache<number>(limits);
  let made = 0;
  const [one, two] = await Promise.all([cache.get("a", async () => ++made), cache.get("a", async () => ++made)]);
  expect([one, two, made]).toEqual([1, 1, 1]);
});

test("a fault is not kept", async () => {
  const cache = new OperationCache<number>(limits);
  await expect(cache.get("a", async () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await cache.get("a", async () => 1)).toBe(1);
});

test("keys and what was made for them take no more bytes than the limit, the newest are kept", async () => {
  const cache = new OperationCache<string>({ ...limits, entriesMax: 10, bytesMax: 24 });
  const made: string[] = [];
  const get = (key: string, value: string) => cache.get(key, async () => (made.push(key), value));
  await get("a", "12345");
  await get("b", "12345");
  await get("c", "12345");
  expect(made).toEqual(["a", "b", "c"]);
  await get("c", "12345");
  await get("b", "12345");
  expect(made).toEqual(["a", "b", "c"]);
  await get("a", "12345");
  expect(made).toEqual(["a", "b", "c", "a"]);
});

test("what is larger than the limit by itself is made for who asks, and not kept", async () => {
  const cache = new OperationCache<string>({ ...limits, bytesMax: 10 });
  let made = 0;
  const get = () => cache.get("a", async () => (made++, "12345"));
  expect([await get(), await get(), made]).toEqual(["12345", "12345", 2]);
});

test("what was forgotten while it was being made does not count", async () => {
  const cache = new OperationCache<string>({ ...limits, entriesMax: 1, bytesMax: 14 });
  const made: string[] = [];
  let end: (made: string) => void;
  const slow = cache.get("slow", () => new Promise<string>((resolve) => (end = resolve)));
  const get = () => cache.get("a", async () => (made.push("a"), "12345"));
  await get();
  end!("123456789");
  await slow;
  await get();
  expect(made).toEqual(["a"]);
});
