import { setImmediate as turn } from "node:timers/promises";
import { compareIds, type WindowEntry } from "@mib/stream-window/layout";
import { expect, test } from "vitest";
import type { StreamSpec } from "./channel.ts";
import type { Delivery } from "./delivery.ts";
import { StreamHub } from "./hub.ts";
import { ResumeAdmission } from "./resume/resume-admission.ts";
import type { HubClock, StreamSource } from "./stream-source.ts";
import { Taker } from "./test-taker.ts";

const TOPIC = "t";
const CHANNEL = "c";
/** More than lie between the last event of a replay and the first one after it. */
const CALLBACKS = 40;

/** Keeps what it takes. */
class Keeper extends Taker {
  readonly taken: { value: number; gap: unknown }[] = [];
  /** Called with each event as it is taken. */
  onTaken: (value: number) => void = () => {};

  override deliver(delivery: Delivery): boolean {
    const value = JSON.parse(delivery.text).data as number;
    this.taken.push({ value, gap: delivery.gap });
    this.onTaken(value);
    return super.deliver(delivery);
  }
}

const entryOf = (value: number): WindowEntry => ({
  epoch: "e",
  id: `${value}-0`,
  prev: `${value - 1}-0`,
  count: value,
  brokerTimeMs: 0,
  traceparent: null,
  value: String(value),
});

/** A hub on a window that is read at once. */
function hubOnWindow(values: readonly number[]) {
  const window = values.map(entryOf);
  const source: StreamSource = {
    subscribe: (topic, channel) => queueMicrotask(() => hub.subscribed(topic, channel)),
    unsubscribe: () => {},
    readLast: async () => window.at(-1) ?? null,
    readAfter: async (_, __, { epoch, id }) => ({
      epoch,
      entries: window.filter((entry) => compareIds(entry.id, id) > 0),
      complete: true,
      head: window.at(-1) ?? null,
    }),
  };
  const clock: HubClock = { after: (_, action) => (setImmediate(action), () => {}) };
  const nothing = () => {};
  const hub: StreamHub = new StreamHub({
    source,
    history: null,
    clock,
    admission: new ResumeAdmission(clock, { resumesPerSecondMax: 100, resumesWaitingMax: 100 }),
    limits: { queueMax: 100, executionsMax: 4, channelBufferMax: 100, replayEventsMax: 100 },
    observer: {
      executed: nothing,
      delivered: nothing,
      conflated: nothing,
      gap: nothing,
      fellBehind: nothing,
      resumed: nothing,
      replayed: nothing,
      duplicate: nothing,
      epochChanged: nothing,
      hole: nothing,
    },
  });
  const publish = (value: number) => {
    window.push(entryOf(value));
    hub.message(TOPIC, CHANNEL, entryOf(value));
  };
  return { hub, publish };
}

const SPEC: StreamSpec = {
  key: "g",
  topic: TOPIC,
  channels: [CHANNEL],
  filters: [],
  delivery: "EVERY",
  snapshot: "NONE",
  selfContained: true,
  cursor: ({ id }) => id,
  execute: async (payload) => `{"data":${JSON.stringify(payload)}}`,
};

test.each(Array.from({ length: CALLBACKS }, (_, callbacks) => callbacks))(
  "who has caught up misses no event that comes %i callbacks after the last past one",
  async (callbacks) => {
    const { hub, publish } = hubOnWindow([1, 2, 3]);
    hub.open(SPEC, new Taker());
    await turn();
    const taker = new Keeper();
    taker.resume = { epoch: "e", id: "1-0" };
    taker.onTaken = async (value) => {
      if (value !== 3) return;
      for (let i = 0; i < callbacks; i++) await Promise.resolve();
      publish(4);
    };
    hub.open(SPEC, taker);
    await turn();
    publish(5);
    await turn();
    expect(taker.taken).toEqual([2, 3, 4, 5].map((value) => ({ value, gap: null })));
  },
);
