import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { servers, uniqueName } from "@mib/testkit/servers";
import { QdrantClient } from "@qdrant/js-client-rest";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NewsWatchStore } from "./io/news-watch-store.ts";

const url = servers.qdrantUrl;
const client = new QdrantClient({ url, checkCompatibility: false });
const prefix = uniqueName("test-command");
const root = join(import.meta.dirname, "../../..");
const asked: { model: string; input: string[]; key: string | undefined }[] = [];

/** Called instead of an answer of `/slow/`. */
let slowAsked: (() => void) | null = null;

/** An endpoint of another provider: three dimensions, not of length 1, in any order. */
const endpoint = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString()));
  request.on("end", () => {
    const onAsked = request.url?.startsWith("/slow/") ? slowAsked : null;
    if (onAsked) return onAsked();
    const { model, input } = JSON.parse(body) as { model: string; input: string[] };
    asked.push({ model, input, key: request.headers.authorization });
    const data = input.map((text, index) => ({ index, embedding: [3, 4, text.length] })).toReversed();
    response.writeHead(request.url === "/v1/embeddings" ? 200 : 404).end(JSON.stringify({ data }));
  });
});

beforeAll(() => new Promise<void>((resolve) => endpoint.listen(0, "127.0.0.1", resolve)));
afterAll(async () => {
  endpoint.close();
  const { collections } = await client.getCollections();
  for (const { name } of collections) if (name.startsWith(prefix)) await client.deleteCollection(name);
});

/** Its exit code and what it says. */
function rebuild(endpointPath = "/v1/"): Promise<{ code: number; said: string }> {
  const { port } = endpoint.address() as AddressInfo;
  const environment = {
    ...process.env,
    QDRANT_URL: url,
    NEWS_COLLECTION: `${prefix}-news`,
    POSTS_COLLECTION: `${prefix}-posts`,
    WATCH_COLLECTION: `${prefix}-watches`,
    EMBEDDINGS_URL: `http://127.0.0.1:${port}${endpointPath}`,
    EMBEDDINGS_MODEL: "three",
    EMBEDDINGS_DIMENSION: "3",
    EMBEDDINGS_API_KEY: "secret",
    REBUILD_SETTLE_MS: "10",
  };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ["scripts/rebuild.ts", "vector-search"],
      { cwd: root, env: environment },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), said: stdout + stderr }),
    );
    slowAsked = () => child.kill("SIGTERM");
  });
}

test("the command embeds by the endpoint that the environment names, and says what it did", async () => {
  expect(await rebuild()).toMatchObject({ code: 75, said: expect.stringContaining("REBUILD_REFUSED") });
  const watches = new NewsWatchStore({ url, collection: `${prefix}-watches` });
  await watches.open({ name: "two", dimension: 2 });
  const id = "00000000-0000-4000-8000-000000000009";
  const rest = { version: 1, symbols: [], similarityLeast: 0.5, at: "2024-01-01T00:00:00Z" };
  await watches.save([{ ...rest, id, query: "copper", vector: [1, 0], position: { epoch: "e", offset: 1n } }]);

  // An endpoint that gives nothing ends it, and what served still serves.
  expect(await rebuild("/nothing/")).toMatchObject({ code: 69, said: expect.stringContaining("SERVICE_UNAVAILABLE") });
  expect(await watches.lastOffset("e")).toBe(1n);

  // Told to end while the endpoint keeps it waiting, it lets go.
  expect(await rebuild("/slow/")).toMatchObject({ code: 130, said: expect.stringContaining("ended by SIGTERM") });

  asked.length = 0;
  const { code, said } = await rebuild();
  expect([code, said]).toEqual([0, expect.stringContaining("1 points by three (3 dimensions), 1 of them written")]);
  expect(asked).toEqual([{ model: "three", input: ["copper"], key: "Bearer secret" }]);
  const [point] = await client.retrieve(`${prefix}-watches`, { ids: [id], with_vector: true });
  const [vector] = Object.values(point!.vector as Record<string, number[]>);
  // As float16 keeps it.
  expect(Math.hypot(...vector!)).toBeCloseTo(1, 3);
  expect(vector![1]! / vector![0]!).toBeCloseTo(4 / 3, 3);
});
