import { Group, type GroupEvent } from "./group.ts";
import { expect, test } from "vitest";
import { Taker } from "./test-taker.ts";

const event = (id: number): GroupEvent => ({
  channelKey: "c",
  payload: id,
  entry: { epoch: "e", id: `${id}-0`, prev: `${id - 1}-0`, brokerTimeMs: 0 },
});

/** A group whose executions end when the test says so, and one subscriber that is there from the start. */
function groupOf({ queueMax = 10, executionsMax = 1 } = {}) {
  const executions: (() => void)[] = [];
  const nothing = () => {};
  const group = new Group(
    {
      key: "g",
      delivery: "EVERY",
      snapshot: "NONE",
      selfContained: true,
      cursor: ({ id }) => id,
      execute: () => new Promise((resolve) => executions.push(() => resolve(`{"data":1}`))),
    },
    {
      limits: { queueMax, executionsMax },
      observer: { executed: nothing, delivered: nothing, conflated: nothing, gap: nothing, fellBehind: nothing },
      behind: nothing,
    },
  );
  const subscriber = new Taker();
  group.subscribers.add(subscriber);
  const executeAll = async () => {
    for (let execute; (execute = executions.shift());) {
      execute();
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  return { group, subscriber, executeAll, head: () => group.headFor(subscriber)?.text };
}

test("the head is the newest event, once it is sent", async () => {
  const { group, subscriber, executeAll, head } = groupOf();
  group.join(subscriber, "c", null);
  expect(head()).toBeUndefined();
  group.push(event(1), 0);
  expect(head()).toBeUndefined();
  await executeAll();
  expect(head()).toBe("1-0");
  group.push(event(2), 0);
  expect(head()).toBeUndefined();
  await executeAll();
  expect(group.headFor(subscriber)).toBe(subscriber.sent);
});

test("an event that was dropped because too many waited is the head, so that the client can tell and come back", async () => {
  const { group, subscriber, executeAll, head } = groupOf({ queueMax: 1 });
  group.join(subscriber, "c", null);
  for (const id of [1, 2, 3]) group.push(event(id), 0);
  await executeAll();
  expect(subscriber.sent?.text).toBe("2-0");
  expect(head()).toBe("3-0");
});

test("one that can't be read is not: nobody will ever have it", async () => {
  const { group, subscriber, executeAll, head } = groupOf();
  group.join(subscriber, "c", null);
  group.push(event(1), 0);
  group.push({ ...event(2), payload: undefined }, 0);
  await executeAll();
  expect(head()).toBe("1-0");
});

test("one that read further than the messages have come has had what they bring", async () => {
  const { group, subscriber, executeAll, head } = groupOf();
  group.joinAt(subscriber, "c", { epoch: "e", id: "3-0" });
  for (const id of [1, 2]) group.push(event(id), 0);
  await executeAll();
  expect(head()).toBeUndefined();
  for (const id of [3, 4]) group.push(event(id), 0);
  await executeAll();
  expect(head()).toBe("4-0");
});
