import { eventually } from "@mib/testkit/eventually";
import { expect, test } from "vitest";
import { receive, runningRouter } from "./running-router.ts";
import { OWNERS, PRODUCTS } from "./sample-subgraphs.ts";
import { slowStock } from "./slow-stock.ts";
import { issuer } from "./token-issuer.ts";

const QUERY = `{ product(id: "1") { name ... @defer(label: "stock") { stock } } }`;
const FIRST = { data: { product: { name: "product 1" } }, hasNext: true };
const SECOND = { incremental: [{ label: "stock", path: ["product"], data: { stock: 3 } }], hasNext: false };

async function running() {
  const stock = slowStock();
  const router = await runningRouter({ products: PRODUCTS, stock: stock.subgraph });
  const ask = async (accept: string, query = QUERY) => {
    const ended = new AbortController();
    const response = await fetch(router.url, {
      method: "POST",
      headers: { "content-type": "application/json", accept },
      body: JSON.stringify({ query }),
      signal: ended.signal,
    });
    const reader = response.body!.getReader();
    let text = "";
    const done = (async () => {
      for (;;) {
        const { done: isDone, value } = await reader.read();
        if (isDone) return;
        text += Buffer.from(value).toString();
      }
    })().catch(() => {});
    return { response, text: () => text, done, leave: () => ended.abort() };
  };
  return { ...stock, router, ask };
}

test("multipart: the first part is whole before the second is there", async () => {
  const { ask, release } = await running();
  const { response, text, done } = await ask("multipart/mixed;deferSpec=20220824, application/json");
  expect(response.headers.get("content-type")).toBe('multipart/mixed; boundary="-"; deferSpec=20220824');
  const part = (payload: unknown) =>
    `\r\ncontent-type: application/json; charset=utf-8\r\n\r\n${JSON.stringify(payload)}\r\n---`;
  await eventually(() => expect(text()).toBe(`\r\n---${part(FIRST)}`));
  release();
  await done;
  expect(text()).toBe(`\r\n---${part(FIRST)}${part(SECOND)}--\r\n`);
});

test("server-sent events: one per part, and one that says it is complete", async () => {
  const { ask, release } = await running();
  const { response, text, done } = await ask("text/event-stream");
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  await eventually(() => expect(text()).toBe(`event: next\ndata: ${JSON.stringify(FIRST)}\n\n`));
  release();
  await done;
  expect(text()).toBe(
    `event: next\ndata: ${JSON.stringify(FIRST)}\n\nevent: next\ndata: ${JSON.stringify(SECOND)}\n\nevent: complete\ndata:\n\n`,
  );
});

test.each([
  "application/json",
  "application/graphql-response+json",
  "*/*",
  "multipart/mixed;deferSpec=2, application/json",
])("one whole answer for a client that accepts %s", async (accept) => {
  const { ask, release } = await running();
  release();
  const { text, done, response } = await ask(accept);
  await done;
  expect(response.headers.get("content-type")).toMatch(/json; charset=utf-8$/);
  expect(JSON.parse(text())).toEqual({ data: { product: { name: "product 1", stock: 3 } } });
});

test.each([
  ["a whole answer", `{ product(id: "1") { name } }`, '{"data":{"product":{"name":"product 1"}},"hasNext":false}'],
  ["a refusal", "{ nonsense }", "GRAPHQL_VALIDATION_FAILED"],
])("%s is the only part for a client that takes nothing else", async (_, query, content) => {
  const { ask } = await running();
  const { text, done, response } = await ask("multipart/mixed;deferSpec=20220824", query);
  await done;
  expect(response.status).toBe(200);
  expect(text()).toContain(content);
  expect(text().endsWith("\r\n-----\r\n")).toBe(true);
});

test("an operation without @defer is answered in JSON whatever else the client accepts", async () => {
  const { router } = await running();
  const { body } = await router.post(
    { query: `{ product(id: "1") { name } }` },
    { accept: "multipart/mixed;deferSpec=20220824, application/json" },
  );
  expect(body).toEqual({ data: { product: { name: "product 1" } } });
});

test("a stock graphql-ws client gets the parts as they come", async () => {
  const { router, release } = await running();
  const received = receive(router.client(), QUERY);
  await eventually(() => expect(received.values).toEqual([FIRST]));
  release();
  await eventually(() => expect(received.done).toBe(true));
  expect(received.values).toEqual([FIRST, SECOND]);
});

test("the exchange with a subgraph ends when the client leaves", async () => {
  const { ask, aborted, router } = await running();
  const { text, leave } = await ask("multipart/mixed");
  await eventually(() => expect(text()).toContain("product 1"));
  leave();
  await eventually(() => expect(aborted()).toBe(1));
  const received = receive(router.client(), QUERY);
  await eventually(() => expect(received.values.length).toBe(1));
  received.stop();
  await eventually(() => expect(aborted()).toBe(2));
});

test("subgraphs learn who calls for deferred parts too", async () => {
  const auth = await issuer();
  const router = await runningRouter(
    { products: PRODUCTS, owners: OWNERS },
    { subgraphs: { owners: { identity: "subject" } }, authentication: { jwks_url: auth.jwksUrl } },
  );
  const client = router.client({ authorization: `Bearer ${await auth.token({ sub: "ada" })}` });
  const received = receive(client, "{ me ... @defer { caller } }");
  await eventually(() => expect(received.done).toBe(true));
  expect(received.values[1].incremental).toEqual([{ path: [], data: { caller: "ada" } }]);
});
