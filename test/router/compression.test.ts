import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { expect, onTestFinished, test, vi } from "vitest";
import { createRouter } from "../../router/src/create-router.ts";
import { federated } from "../federation/federated.ts";
import { PRODUCTS } from "./sample-subgraphs.ts";

process.env["LOG_LEVEL"] ??= "silent";
vi.setConfig({ testTimeout: 60_000 }); // each starts a router

async function router(settings = {}) {
  const { supergraphSdl: sdl } = await federated({ products: PRODUCTS });
  const started = await createRouter({ supergraph: { sdl }, listen: { port: 0 }, ...settings });
  onTestFinished(() => started.close());
  return started;
}

const LONG_ID = "x".repeat(2_000);
const LONG = JSON.stringify({ query: `{ product(id: "${LONG_ID}") { name } }` });
const SHORT = JSON.stringify({ query: `{ product(id: "1") { name } }` });

/** Posts without the headers that `fetch` adds, and takes the answer as it comes. */
async function post(url: string, body: string | Buffer, headers: Record<string, string> = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<{ headers: IncomingHttpHeaders; body: Buffer }>();
  const sent = httpRequest(url, { method: "POST", headers: { "content-type": "application/json", ...headers } });
  sent.once("error", reject).once("response", async (response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    resolve({ headers: response.headers, body: Buffer.concat(chunks) });
  });
  sent.end(body);
  return promise;
}

const codeOf = ({ body }: { body: Buffer }) => JSON.parse(body.toString()).errors?.[0]?.extensions.code;

test.each([
  ["gzip", "gzip", gunzipSync],
  ["gzip, deflate, br, zstd", "br", brotliDecompressSync],
  ["gzip;q=1, br;q=0.5", "gzip", gunzipSync],
  ["*", "br", brotliDecompressSync],
])("a client that accepts %j gets a long answer as %s", async (accepted, coding, decompress) => {
  const { url } = await router();
  const plain = await post(url, LONG);
  const { headers, body } = await post(url, LONG, { "accept-encoding": accepted });
  expect(headers).toMatchObject({ "content-encoding": coding, "content-length": String(body.length) });
  expect(headers["vary"]).toContain("accept-encoding");
  expect(body.length).toBeLessThan(plain.body.length / 10);
  expect(decompress(body)).toEqual(plain.body);
});

test.each([
  ["a client that says nothing", LONG, undefined, {}],
  ["a client that wants it plain", LONG, "identity, gzip;q=0.5", {}],
  ["a client that accepts nothing that is known", LONG, "deflate, br;q=0", {}],
  ["an answer that is short", SHORT, "gzip", {}],
  ["a router that does not compress", LONG, "gzip", { compression: { enabled: false } }],
])("%s gets the answer as it is", async (_, body, accepted, settings) => {
  const { url } = await router(settings);
  const answer = await post(url, body, accepted === undefined ? {} : { "accept-encoding": accepted });
  expect(answer.headers["content-encoding"]).toBeUndefined();
  expect(JSON.parse(answer.body.toString()).errors).toBeUndefined();
});

test("answers in parts are not compressed: each part leaves at once", async () => {
  const { url } = await router({ compression: { bytes_min: 0 } });
  const body = JSON.stringify({ query: `{ product(id: "1") { id ... @defer { name } } }` });
  const headers = { "accept-encoding": "gzip", accept: "multipart/mixed" };
  const answer = await post(url, body, headers);
  expect(answer.headers["content-encoding"]).toBeUndefined();
  expect(answer.body.toString()).toContain("hasNext");
});

test.each([
  ["gzip", gzipSync],
  ["br", brotliCompressSync],
])("a body in %s is read, and no more of it than the limit", async (coding, compress) => {
  const { url } = await router({ limits: { body_bytes_max: 20_000 } });
  const send = (text: string | Buffer) => post(url, text, { "content-encoding": coding });
  expect(JSON.parse((await send(compress(SHORT))).body.toString())).toEqual({
    data: { product: { name: "product 1" } },
  });
  expect(codeOf(await send(compress(" ".repeat(10_000_000))))).toBe("REQUEST_TOO_LARGE");
  expect(codeOf(await send(SHORT))).toBe("BAD_REQUEST");
  expect(codeOf(await send(compress(LONG).subarray(0, -5)))).toBe("BAD_REQUEST");
});

test("a body in another coding is refused with a code", async () => {
  const { url } = await router();
  expect(codeOf(await post(url, SHORT, { "content-encoding": "zstd" }))).toBe("UNSUPPORTED_MEDIA_TYPE");
});
