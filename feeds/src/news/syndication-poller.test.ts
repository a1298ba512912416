import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createLogger } from "@mib/service/log";
import { eventually } from "@mib/testkit/eventually";
import { expect, test } from "vitest";
import { type Article, articleId } from "./article.ts";
import { SyndicationPoller } from "./syndication-poller.ts";

const item = (number: number) =>
  `<item><title>Article ${number}</title><link>https://wire.example/${number}</link>
   <pubDate>Sat, 07 Sep 2002 00:00:0${number} GMT</pubDate></item>`;
const documentOf = (...numbers: number[]) =>
  `<rss version="2.0"><channel><title>Wire</title>${numbers.map(item).join("")}</channel></rss>`;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A source and its poller. `answers`: one for each question, the last again and again. */
async function polled(answers: Answer[], { everyMs = 15, earlier = new Set<string>() } = {}) {
  const requests: IncomingMessage["headers"][] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)]!;
    requests.push(request.headers);
    answer(request, response);
  }).listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const stop = new AbortController();
  const articles: Article[] = [];
  const state = { failures: 0 };
  const poller = new SyndicationPoller({
    source: {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/feed`,
      name: null,
      everyMs,
      symbols: ["BTCUSDT"],
    },
    log: createLogger("test"),
    signal: stop.signal,
    earlier,
    onArticles: (found) => articles.push(...found),
    onFailure: () => (state.failures += 1),
  });
  const running = poller.run();
  return Object.assign(state, {
    requests,
    articles,
    poller,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  });
}

const ok =
  (text: string, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(200, headers).end(text);

test("articles are told once, oldest first, with the source's name and symbols", async () => {
  await using source = await polled([ok(documentOf(2, 1)), ok(documentOf(3, 2, 1))]);
  await eventually(() => expect(source.requests.length).toBeGreaterThan(4));
  expect(source.articles.map(({ title, source: from, instruments }) => [title, from, instruments])).toEqual(
    [1, 2, 3].map((number) => [`Article ${number}`, "Wire", [{ symbol: "BTCUSDT" }]]),
  );
});

test("an article that was told before this process is not told again", async () => {
  const told = articleId({ title: "Article 1", summary: null, url: "https://wire.example/1" });
  await using source = await polled([ok(documentOf(1, 2))], { earlier: new Set([told]) });
  await eventually(() => expect(source.requests.length).toBeGreaterThan(2));
  expect(source.articles.map(({ title }) => title)).toEqual(["Article 2"]);
});

test("what a document still has is not told again, however much is new in it", async () => {
  const items = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => `<item><title>${from + index}</title></item>`).join("");
  const withNew = (from: number) => ok(documentOf(1).replace("</channel>", `${items(from, 6_000)}</channel>`));
  await using source = await polled([withNew(10_000), withNew(20_000), withNew(30_000)]);
  await eventually(() => expect(source.requests.length).toBeGreaterThan(4), { deadlineMs: 30_000 });
  expect(source.articles.filter(({ title }) => title === "Article 1")).toHaveLength(1);
  expect(source.articles).toHaveLength(18_001);
});

test("a document of more items than are remembered is told once", async () => {
  const items = Array.from({ length: 12_000 }, (_, index) => `<item><title>${index}</title></item>`).join("");
  await using source = await polled([ok(documentOf().replace("</channel>", `${items}</channel>`))]);
  await eventually(() => expect(source.requests.length).toBeGreaterThan(2), { deadlineMs: 30_000 });
  expect(source.articles).toHaveLength(12_000);
});

test("the validators of the last answer go with the next question, and 304 is an answer", async () => {
  const validators = { etag: '"7"', "last-modified": "Sat, 07 Sep 2002 00:00:01 GMT" };
  await using source = await polled([ok(documentOf(1), validators), (_, response) => response.writeHead(304).end()]);
  await eventually(() => expect(source.requests.length).toBeGreaterThan(3));
  expect(source.requests[0]!["if-none-match"]).toBeUndefined();
  for (const headers of source.requests.slice(1, 4))
    expect(headers).toMatchObject({ "if-none-match": '"7"', "if-modified-since": validators["last-modified"] });
  expect(source.articles).toHaveLength(1);
  expect(source.poller.status.trouble).toBeNull();
});

test("a document that can't be read is asked for again, without validators, and what follows is told", async () => {
  await using source = await polled([ok("<html/>", { etag: '"bad"' }), ok(documentOf(1))]);
  await eventually(() => expect(source.articles).toHaveLength(1));
  expect(source.requests[1]!["if-none-match"]).toBeUndefined();
  expect(source.failures).toBe(1);
});

test("a source that fails is asked later each time, and as late as it says", async () => {
  await using source = await polled([
    (_, response) => response.writeHead(503).end(),
    (_, response) => response.writeHead(429, { "retry-after": "3600" }).end(),
  ]);
  await eventually(() => expect(source.failures).toBe(2));
  expect(source.poller.status.trouble).toBe("the source answered 429");
  await expect(eventually(() => expect(source.requests.length).toBe(3), { deadlineMs: 100 })).rejects.toThrow();
});

test("articles of one second are told oldest first", async () => {
  const at = (number: number, time: string) => item(number).replace(/<pubDate>[^<]*</, `<pubDate>${time}<`);
  const items = [at(1, "2002-09-07T00:00:01.500Z"), at(2, "2002-09-07T00:00:01Z")].join("");
  await using source = await polled([ok(documentOf().replace("</channel>", `${items}</channel>`))]);
  await eventually(() => expect(source.articles).toHaveLength(2));
  expect(source.articles.map(({ title }) => title)).toEqual(["Article 2", "Article 1"]);
});

test("a time of the future becomes now", async () => {
  const future = documentOf(1).replace("2002", "2199");
  await using source = await polled([ok(future)]);
  await eventually(() => expect(source.articles).toHaveLength(1));
  expect(Date.parse(source.articles[0]!.publishedAt)).toBeLessThanOrEqual(Date.now());
});
