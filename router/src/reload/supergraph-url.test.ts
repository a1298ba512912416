import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { supergraphSourceSchema } from "../config/supergraph-source-config.ts";
import { SupergraphUrl } from "./supergraph-url.ts";

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** A supergraph behind a server that answers as it is told. */
async function served(settings: object = {}) {
  const server = { answer: ((response) => response.end("type Query { a: Int }")) as Answer };
  const http = createServer((request, response) => server.answer(response, request));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => http.close().closeAllConnections());
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/graph?secret=s`;
  return { server, source: new SupergraphUrl(supergraphSourceSchema.parse({ url, ...settings })) };
}

test("an answer is kept, and asked for again by its ETag", async () => {
  const { server, source } = await served({ headers: { authorization: "Bearer t" } });
  const asked: unknown[] = [];
  server.answer = (response, { headers }) => {
    asked.push([headers.authorization, headers["if-none-match"]]);
    if (headers["if-none-match"] === '"1"') response.writeHead(304).end();
    else response.writeHead(200, { etag: '"1"' }).end("type Query { a: Int }");
  };
  expect([await source.poll(), await source.poll(), source.current]).toEqual([
    true,
    false,
    { sdl: "type Query { a: Int }" },
  ]);
  expect(asked).toEqual([
    ["Bearer t", undefined],
    ["Bearer t", '"1"'],
  ]);
  server.answer = (response) => response.writeHead(200, { etag: '"2"' }).end("type Query { b: Int }");
  expect([await source.poll(), source.current]).toEqual([true, { sdl: "type Query { b: Int }" }]);
});

test.each<[string, Answer, RegExp]>([
  ["a redirect", (response) => response.writeHead(302, { location: "/" }).end(), /status 302$/],
  ["a fault", (response) => response.writeHead(500).end("type Query { a: Int }"), /status 500$/],
  ["304 for what nobody has", (response) => response.writeHead(304).end(), /status 304$/],
  ["more than the limit", (response) => response.end(" ".repeat(2_000)), /larger than 1000 bytes$/],
  ["silence in the middle", (response) => response.write("type Query {"), /in time$/],
  ["a reset", (response) => response.destroy(), /cannot be reached/],
])("%s is a problem without the URL's query, and its end is told", async (_, answer, problem) => {
  const { server, source } = await served({ bytes_max: 1_000, timeout_ms: 300 });
  const good = server.answer;
  server.answer = answer;
  expect(await source.poll()).toBe(true);
  expect(source.current).toEqual({ problem: expect.stringMatching(problem) });
  expect(JSON.stringify(source.current)).not.toContain("secret");
  expect(await source.poll()).toBe(false);
  server.answer = good;
  expect(await source.poll()).toBe(true);
  expect(source.current).toEqual({ sdl: "type Query { a: Int }" });
});
