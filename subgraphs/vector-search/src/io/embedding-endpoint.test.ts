import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { EmbeddingEndpoint } from "./embedding-endpoint.ts";
import { TextRefused } from "./text-embedder.ts";

/** What it answers before it gives vectors, and what it refuses with 400. */
let answers: { status: number; retryAfter?: string }[] = [];
let refuses: (text: string) => boolean = () => false;
const asked: string[][] = [];

/** An endpoint that refuses a whole request for one text, as OpenAI's does. */
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString()));
  request.on("end", () => {
    const { input } = JSON.parse(body) as { input: string[] };
    asked.push(input);
    const { status, retryAfter } = answers.shift() ?? { status: input.some(refuses) ? 400 : 200 };
    const data = input.map((text, index) => ({ index, embedding: [text.length, 0] }));
    response.writeHead(status, retryAfter === undefined ? {} : { "retry-after": retryAfter });
    response.end(JSON.stringify(status === 200 ? { data } : { error: {} }));
  });
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(() => server.close());
beforeEach(() => {
  answers = [];
  refuses = () => false;
  asked.length = 0;
});

function endpointOf() {
  const refused: { characters: number; status: number }[] = [];
  const { port } = server.address() as AddressInfo;
  const options = { url: `http://127.0.0.1:${port}/v1`, name: "two", dimension: 2, pauseMs: 1 };
  return { refused, endpoint: new EmbeddingEndpoint({ ...options, onRefused: (text) => refused.push(text) }) };
}

const UNAVAILABLE = { code: "SERVICE_UNAVAILABLE" };

test("one text that is refused is given up alone, and told", async () => {
  const { endpoint, refused } = endpointOf();
  refuses = (text) => text === "";
  const texts = Array.from({ length: 10 }, (_, at) => (at === 6 ? "" : `text ${at}`));
  const ended = await Promise.allSettled(texts.map((text) => endpoint.embed(text, "document")));
  expect(ended.map(({ status }) => status)).toEqual(texts.map((text) => (text === "" ? "rejected" : "fulfilled")));
  expect(ended[6]).toMatchObject({ reason: expect.any(TextRefused) });
  expect(refused).toEqual([{ characters: 0, status: 400 }]);
});

test("an endpoint that refuses everything is unavailable, and no text's fault", async () => {
  const { endpoint, refused } = endpointOf();
  refuses = () => true;
  await expect(endpoint.embed("copper", "document")).rejects.toMatchObject(UNAVAILABLE);
  answers = [{ status: 401 }];
  await expect(endpoint.embed("copper", "document")).rejects.toMatchObject(UNAVAILABLE);
  expect(asked).toEqual([["copper"], ["news"], ["copper"]]);
  expect(refused).toEqual([]);
});

test("one that is busy or broken is asked again, a bounded number of times", async () => {
  const { endpoint } = endpointOf();
  answers = [{ status: 429, retryAfter: "0" }, { status: 503 }];
  expect(await endpoint.embed("copper", "document")).toEqual([1, 0]);
  answers = Array.from({ length: 5 }, () => ({ status: 500 }));
  await expect(endpoint.embed("copper", "document")).rejects.toMatchObject(UNAVAILABLE);
  expect(asked.length).toBe(8);
});

test("nobody who searches waits as long as the endpoint asks for", async () => {
  const { endpoint } = endpointOf();
  answers = [{ status: 429, retryAfter: "20" }];
  await expect(endpoint.embed("copper", "query")).rejects.toMatchObject(UNAVAILABLE);
  expect(asked.length).toBe(1);
});

test("half a character is not sent", async () => {
  const { endpoint } = endpointOf();
  await endpoint.embed("copper \uD83D", "document");
  expect(asked).toEqual([["copper \uFFFD"]]);
});
