import type { OutgoingEvent } from "@mib/events/event";
import type { EventProducer } from "@mib/events/producer";
import { expect, test } from "vitest";
import type { ArticleEvent } from "../domain/article.ts";
import { LinkedNews, type ArrivedNews } from "./linked-news.ts";

const NOW_MS = Date.UTC(2024, 0, 2);
const EPOCH = "e-1";

/** What was sent, to a log that takes nothing while it is away. */
function log() {
  const sent: OutgoingEvent[] = [];
  const state = { away: false };
  const producer: Pick<EventProducer, "send"> = {
    send: async (event) => {
      if (state.away) throw new Error("Kafka is away");
      sent.push(event);
    },
  };
  return { sent, state, linked: new LinkedNews(producer as EventProducer, { nowMs: () => NOW_MS }) };
}

function arrived(offset: number, { symbols = ["HG"], mentioned = ["FCX", "HG"], ageMs = 0 } = {}): ArrivedNews {
  const value: ArticleEvent = {
    id: `a${offset}`,
    title: "Copper",
    summary: null,
    url: null,
    source: "wire",
    publishedAt: "2024-01-01T09:00:00Z",
    instruments: symbols.map((symbol) => ({ symbol })),
  };
  const mentions = [{ symbols: mentioned, kind: "NAME" as const, part: "TITLE" as const, start: 0, end: 6 }];
  return {
    value,
    mentions,
    offset: BigInt(offset),
    eventId: `e${offset}`,
    traceparent: null,
    brokerTimeMs: NOW_MS - ageMs,
  };
}

const idsOf = (sent: readonly OutgoingEvent[]) => sent.map(({ eventId }) => eventId);

test("an article is told with what its source and its text say, each instrument once", async () => {
  const { linked, sent } = log();
  await linked.tell([arrived(1)], EPOCH);
  expect(sent).toMatchObject([{ topic: "news.linked.v1", eventId: "e1", channel: "*" }]);
  expect(JSON.parse(sent[0]!.value)).toMatchObject({
    id: "a1",
    instruments: [{ symbol: "HG" }],
    about: [{ symbol: "HG" }, { symbol: "FCX" }],
  });
});

test("a batch that is tried again is not told again, and one that was not told is", async () => {
  const { linked, sent, state } = log();
  await linked.tell([arrived(1), arrived(2)], EPOCH);
  await linked.tell([arrived(1), arrived(2)], EPOCH);
  expect(idsOf(sent)).toEqual(["e1", "e2"]);
  state.away = true;
  await expect(linked.tell([arrived(3)], EPOCH)).rejects.toThrow("Kafka is away");
  state.away = false;
  await linked.tell([arrived(3)], EPOCH);
  // Another log begins anew.
  await linked.tell([arrived(1)], "e-2");
  expect(idsOf(sent)).toEqual(["e1", "e2", "e3", "e1"]);
});

test("what is read again a day later is no news", async () => {
  const { linked, sent } = log();
  await linked.tell([arrived(1, { ageMs: 86_400_001 }), arrived(2, { ageMs: 86_400_000 })], EPOCH);
  expect(idsOf(sent)).toEqual(["e2"]);
});
