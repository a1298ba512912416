import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { createService } from "@mib/service/run";
import { eventually } from "@mib/testkit/eventually";
import { afterEach, describe, expect, test } from "vitest";
import { briefsOf } from "./briefs/test-briefs.ts";
import { createExportServer } from "./export-server.ts";

const TRADES = "/exports/trades.csv?symbol=B";
const STALLED_MS = 200;
const trade = { at: "2026-03-04T14:30:00Z", id: "1", price: "1.5", size: "2", side: "BUY" };

/** A page of trades as the API answers it. */
const page = (nodes: unknown[], hasNextPage: boolean) => ({
  data: {
    instrument: { source: "SIMULATED", tradeHistory: { nodes, pageInfo: { hasNextPage, endCursor: "c" } } },
  },
});

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function listen(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  return listening(createServer(handler));
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** What an API was asked. */
interface Question {
  query: string;
  variables: Record<string, unknown>;
  key: string | string[] | undefined;
}

/** Exports beside an API that gives these answers to what is asked after `me`, the last one again and again. */
async function started(answers: ((question: number) => unknown)[]) {
  const asked: Question[] = [];
  const apiPort = await listen((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => void (body += text));
    request.on("end", async () => {
      const question = JSON.parse(body) as Pick<Question, "query" | "variables">;
      asked.push({ ...question, key: request.headers["x-api-key"] });
      const isMe = question.query.startsWith("query ExportCaller ");
      const answer = isMe
        ? { data: { me: { id: "u", scopes: ["export:read"] } } }
        : await answers[Math.min(asked.length - 2, answers.length - 1)]!(asked.length);
      response.end(JSON.stringify(answer));
    });
  });
  const service = createService("exports-test");
  const server = createExportServer(service, {
    graphqlUrl: `http://127.0.0.1:${apiPort}/graphql`,
    exportsMax: 8,
    exportsPerUserMax: 2,
    stalledMs: STALLED_MS,
  });
  const port = await listening(server);
  const url = `http://127.0.0.1:${port}`;
  return {
    port,
    asked,
    get: (path: string, headers: Record<string, string> = { "x-api-key": "k" }) => fetch(`${url}${path}`, { headers }),
    async results(): Promise<Record<string, number>> {
      const text = await (await fetch(`${url}/metrics`)).text();
      const found = text.matchAll(/^exports_total\{[^}]*result="(\w+)"[^}]*\} (\d+)$/gm);
      return Object.fromEntries([...found].map(([, result, count]) => [result, Number(count)]));
    },
  };
}

describe("a file", () => {
  test("comes whole when the API takes longer than a client may", async () => {
    const { get, results } = await started([
      () => page([trade], true),
      () => delay(3 * STALLED_MS, page([], true)),
      () => delay(3 * STALLED_MS, page([trade], false)),
    ]);
    const lines = (await (await get(TRADES)).text()).trimEnd().split("\r\n");
    expect(lines.filter((line) => line.startsWith(trade.at))).toHaveLength(2);
    expect(await results()).toEqual({ DONE: 1 });
  });

  test("of a client that takes nothing is given up", async () => {
    const many = Array.from({ length: 1_000 }, () => trade);
    const { port, results } = await started([() => page(many, true)]);
    const client = connect(port, "127.0.0.1");
    client.on("error", () => {});
    client.write(`GET ${TRADES} HTTP/1.1\r\nhost: exports\r\nx-api-key: k\r\n\r\n`);
    client.pause();
    await eventually(async () => expect(await results()).toEqual({ CLIENT_GONE: 1 }), { deadlineMs: 60_000 });
    client.destroy();
  });

  test("whose client leaves is given up while the API is still being asked", async () => {
    const asked = Promise.withResolvers<void>();
    const { get, results } = await started([
      () => page([trade], true),
      async () => {
        asked.resolve();
        await delay(60_000, null, { ref: false });
      },
    ]);
    const response = await get(TRADES);
    await asked.promise;
    await response.body!.cancel();
    await eventually(async () => expect(await results()).toEqual({ CLIENT_GONE: 1 }));
  });

  test("that this process can't make is cut off, and counts as its own failure", async () => {
    const { get, results } = await started([
      () => page([trade], true),
      () => ({ data: { instrument: { source: "SIMULATED", tradeHistory: null } } }),
    ]);
    const response = await get(TRADES);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(await results()).toEqual({ FAILED: 1 });
  });
});

describe("a brief", () => {
  const { market, instrument } = briefsOf("Copper");

  test("is a page of one answer, asked with the caller's own credential", async () => {
    const { get, asked, results } = await started([() => ({ data: { marketBrief: market } })]);
    const response = await get("/briefs/market.html?date=2026-03-04");
    const { query, variables, key } = asked[1]!;
    expect([asked.length, variables, key]).toEqual([2, { date: "2026-03-04" }, "k"]);
    expect(query).toMatch(/^query MarketBriefPage/);
    expect(await response.text()).toMatch(/^<!doctype html>[^]*Market brief, 2026-03-04[^]*<\/html>\n$/);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-disposition": 'inline; filename="brief-market.html"',
      "content-security-policy": expect.stringMatching(/^default-src 'none'; .*frame-ancestors 'none'$/),
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
    expect(await results()).toEqual({ DONE: 1 });
  });

  test("of an instrument is found by a symbol with any characters", async () => {
    const { get, asked } = await started([() => ({ data: { instrument } })]);
    const response = await get("/briefs/instruments/BTC%2FUSD%22.html");
    expect(response.status).toBe(200);
    expect(asked[1]!.variables).toEqual({ symbol: 'BTC/USD"' });
    expect(response.headers.get("content-disposition")).toBe('inline; filename="brief-BTC_USD_.html"');
  });

  test.each([
    ["market.html", { marketBrief: market }, '{"date":"2026-03-04"}'],
    ["instruments/A.html", { instrument }, '{"symbol":"A","date":"2026-03-04"}'],
  ])("%s without a day says which one it tells", async (path, data, variables) => {
    const { get, asked } = await started([() => ({ data })]);
    const page = await (await get(`/briefs/${path}`)).text();
    expect(asked[1]!.variables).not.toHaveProperty("date");
    expect(page).toContain(`<pre>${variables.replaceAll('"', "&quot;")}</pre>`);
  });

  test("whose news can't be read is told without, and says so", async () => {
    const errors = ["stories", "risers"].map((name) => ({
      message: "The vector store cannot be reached.",
      path: ["marketBrief", name],
      extensions: { code: "SEARCH_UNAVAILABLE", service: "vector-search" },
    }));
    const { get } = await started([() => ({ data: { marketBrief: { ...market, stories: null } }, errors })]);
    const response = await get("/briefs/market.html");
    expect(response.status).toBe(200);
    const page = await response.text();
    expect(page).toContain("The news could not be read.");
    expect(page.split("vector-search: The vector store cannot be reached. (SEARCH_UNAVAILABLE)")).toHaveLength(2);
  });

  test.each([
    ["is there again", 3, "The news could not be read.", false],
    ["stays away", 4, "SUBGRAPH_UNREACHABLE", true],
  ])("one part of which restarts is asked again: the part %s", async (_, questions, text, isTold) => {
    const unreachable = { message: "no", extensions: { code: "SUBGRAPH_UNREACHABLE", service: "vector-search" } };
    const partly = { data: { marketBrief: { ...market, stories: null } }, errors: [unreachable] };
    const { get, asked } = await started([() => partly, () => (isTold ? partly : { data: { marketBrief: market } })]);
    const page = await (await get("/briefs/market.html")).text();
    expect(asked).toHaveLength(questions);
    expect(page.includes(text)).toBe(isTold);
  });

  test.each(["INSTRUMENT_NOT_FOUND", "DAY_NOT_KEPT"])("that fails with %s has its code and status", async (code) => {
    const data = { instrument: { ...instrument, brief: null } };
    const { get } = await started([() => ({ data, errors: [{ message: "no", extensions: { code } }] })]);
    const response = await get("/briefs/instruments/A.html");
    expect([response.status, (await response.json()).errors[0].extensions.code]).toEqual([404, code]);
  });

  test("for a day that is none is refused before the API is asked", async () => {
    const { get, asked } = await started([]);
    const response = await get("/briefs/market.html?date=2026-02-30");
    expect([response.status, (await response.json()).errors[0].extensions.code]).toEqual([400, "BAD_USER_INPUT"]);
    expect(asked).toEqual([]);
  });
});

test("without a credential the API is not asked", async () => {
  const { get, asked } = await started([() => page([], false)]);
  const response = await get(TRADES, {});
  expect([response.status, (await response.json()).errors[0].extensions.code]).toEqual([401, "UNAUTHENTICATED"]);
  expect(asked).toEqual([]);
});

test("a path that is no address is none of ours", async () => {
  const { port } = await started([() => page([], false)]);
  const client = connect(port, "127.0.0.1");
  client.write("GET // HTTP/1.1\r\nhost: exports\r\nconnection: close\r\n\r\n");
  let answer = "";
  for await (const text of client) answer += String(text);
  expect(answer).toMatch(/^HTTP\/1.1 404 [\s\S]*NOT_FOUND/);
});
