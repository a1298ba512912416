import { expect, test } from "vitest";
import { untilAborted } from "./until-aborted.ts";

test("work that ends first gives what it came to, or fails as it does", async () => {
  const { signal } = new AbortController();
  expect(await untilAborted(signal, Promise.resolve(7))).toBe(7);
  await expect(untilAborted(signal, Promise.reject(new Error("no broker")))).rejects.toThrow("no broker");
});

test("a signal ends the waiting with its reason, also one that has come before; the work's failure is nobody's then", async () => {
  const controller = new AbortController();
  const work = Promise.withResolvers<void>();
  const waiting = untilAborted(controller.signal, work.promise);
  controller.abort(new Error("the end"));
  await expect(waiting).rejects.toThrow("the end");
  await expect(untilAborted(controller.signal, work.promise)).rejects.toThrow("the end");
  work.reject(new Error("no broker"));
});
