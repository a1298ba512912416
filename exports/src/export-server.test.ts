import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { createService } from "@mib/service/run";
import { eventually } from "@mib/testkit/eventually";
import { afterEach, describe, expect, test } from "vitest";
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

/** Exports beside an API that gives these answers to what is asked after `me`, the last one again and again. */
async function started(answers: ((question: number) => unknown)[]) {
  let questions = 0;
  const apiPort = await listen((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => void (body += text));
    request.on("end", async () => {
      questions += 1;
      const isMe = (JSON.parse(body) as { query: string }).query.includes("me {");
      const answer = isMe
        ? { data: { me: { id: "u", scopes: ["export:read"] } } }
        : await answers[Math.min(questions - 2, answers.length - 1)]!(questions);
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
    questions: () => questions,
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

test("without a credential the API is not asked", async () => {
  const { get, questions } = await started([() => page([], false)]);
  const response = await get(TRADES, {});
  expect([response.status, (await response.json()).errors[0].extensions.code]).toEqual([401, "UNAUTHENTICATED"]);
  expect(questions()).toBe(0);
});

test("a path that is no address is none of ours", async () => {
  const { port } = await started([() => page([], false)]);
  const client = connect(port, "127.0.0.1");
  client.write("GET // HTTP/1.1\r\nhost: exports\r\nconnection: close\r\n\r\n");
  let answer = "";
  for await (const text of client) answer += String(text);
  expect(answer).toMatch(/^HTTP\/1.1 404 [\s\S]*NOT_FOUND/);
});
