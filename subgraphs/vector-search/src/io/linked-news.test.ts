import type { EventProducer } from "@mib/events/producer";
import { expect, test } from "vitest";
import type { ArticleEvent } from "../domain/article.ts";
import { LinkedNews, type ArrivedNews } from "./linked-news.ts";

const EPOCH = "e-1";

interface Sent {
  topic: string;
  value: string;
  headers: Record<string, string>;
}

/** What was sent, to a log that takes nothing while it is away. */
function log() {
  const sent: Sent[] = [];
  const state = { away: false, most: Number.POSITIVE_INFINITY };
  const producer: Pick<EventProducer, "sendRecord"> = {
    sendRecord: async (topic, { value, headers }) => {
      if (state.away || sent.length >= state.most) throw new Error("Kafka is away");
      sent.push({ topic, value: String(value), headers: headers as Record<string, string> });
    },
  };
  return { sent, state, linked: new LinkedNews(producer as EventProducer, "news.linked.v1") };
}

function arrived(offset: number, { symbols = ["HG"], mentioned = ["FCX", "HG"] } = {}): ArrivedNews {
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
    brokerTimeMs: Date.UTC(2024, 0, 2),
  };
}

const idsOf = (sent: readonly Sent[]) => sent.map(({ headers }) => headers["event-id"]);

test("an article is told with what its source and its text say, each instrument once", async () => {
  const { linked, sent } = log();
  await linked.tell([arrived(1)], EPOCH);
  expect(sent).toMatchObject([
    { topic: "news.linked.v1", headers: { "event-id": "e1", channel: "*", "read-from": "e-1/1" } },
  ]);
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

test("what comes later waits for what failed", async () => {
  const { linked, sent, state } = log();
  const all = Array.from({ length: 200 }, (_, at) => arrived(at));
  state.most = 100;
  await expect(linked.tell(all, EPOCH)).rejects.toThrow("Kafka is away");
  expect(idsOf(sent)).toEqual(all.slice(0, 100).map(({ eventId }) => eventId));
  state.most = Number.POSITIVE_INFINITY;
  await linked.tell(all, EPOCH);
  // The part that failed is told again, and nothing before it.
  expect(idsOf(sent.slice(100))).toEqual(all.slice(64).map(({ eventId }) => eventId));
});
