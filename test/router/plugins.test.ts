import { CodedError } from "@mib/service/coded-error";
import { eventually } from "@mib/testkit/eventually";
import { createClient } from "graphql-ws";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { createRouter } from "../../router/src/create-router.ts";
import type { PluginResponse, RouterPlugin } from "../../router/src/plugins/plugin.ts";
import { federated, type TestSubgraph } from "../federation/federated.ts";
import { httpStream } from "./http-stream.ts";
import { publishingSubgraph } from "./publishing-subgraph.ts";

process.env["LOG_LEVEL"] ??= "silent";
// Each test composes and starts a router, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const WORDS: Record<string, TestSubgraph> = {
  words: {
    typeDefs: `type Query { word: Word failing: String } type Word @key(fields: "id") { id: ID! text: String }`,
    resolvers: {
      Query: {
        word: () => ({ id: "1", text: "yes" }),
        failing: () => {
          throw new Error("no");
        },
      },
    },
  },
  sounds: {
    typeDefs: `type Word @key(fields: "id") { id: ID! sound: String }`,
    resolvers: { Word: { __resolveReference: ({ id }: { id: string }) => ({ id, sound: "jes" }) } },
  },
};

async function routerWith(...plugins: RouterPlugin[]) {
  const { supergraphSdl: sdl, requests } = await federated(WORDS);
  const router = await createRouter({ supergraph: { sdl }, listen: { port: 0 } }, { plugins });
  onTestFinished(() => router.close());
  return {
    router,
    requests,
    async ask(query: string, headers: Record<string, string> = {}) {
      const response = await fetch(router.url, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/graphql-response+json", ...headers },
        body: JSON.stringify({ query }),
      });
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
    /** What comes of an operation over WebSocket: a result, or the errors. */
    askOverWebSocket(query: string): Promise<unknown> {
      const client = createClient({
        url: router.url.replace("http", "ws"),
        webSocketImpl: WebSocket,
        retryAttempts: 0,
      });
      onTestFinished(() => void client.dispose());
      return new Promise((resolve) => {
        client.subscribe({ query }, { next: resolve, error: resolve, complete() {} });
      });
    },
  };
}

/** Writes down each hook that is called. */
function recording(name: string, calls: string[]): RouterPlugin {
  const say = (what: string) => void calls.push(`${name}: ${what}`);
  return {
    name,
    onRequest({ transport, identity }) {
      say(`request over ${transport} of ${identity?.credential ?? "nobody yet"}`);
      return {
        onStage(stage) {
          say(stage);
          return () => say(`${stage} over`);
        },
        onPlan: ({ kind, operationName, subgraphs }) => say(`${kind} ${operationName} of ${[...subgraphs].join()}`),
        onSubgraphFetch({ subgraph, entities }) {
          say(`ask ${subgraph} for ${entities}`);
          return ({ status, errorCode }) => say(`${subgraph} answered ${status} ${errorCode}`);
        },
        onResponse: ({ status, errorCodes }) => say(`${status} [${errorCodes.join()}]`),
      };
    },
    close: () => say("closed"),
  };
}

test("hooks are called in the order of what happens, and at each point in the order of the plugins", async () => {
  const calls: string[] = [];
  const { ask, router } = await routerWith(recording("a", calls), recording("b", calls));
  await ask("query Say { word { text sound } failing }");
  await router.close();
  const expected = [
    "request over http of nobody yet",
    ["parse", "parse over", "validate", "validate over", "plan", "plan over"],
    "query Say of words,sounds",
    ["ask words for 0", "words answered 200 null", "ask sounds for 1", "sounds answered 200 null"],
    ["shape", "shape over"],
    "200 [SUBGRAPH_ERROR]",
    "closed",
  ].flat();
  expect(calls).toEqual(expected.flatMap((call) => [`a: ${call}`, `b: ${call}`]));
});

test("a plugin adds headers to fetches and to the answer, and shares what it knows with those after it", async () => {
  const { ask, requests } = await routerWith(
    {
      name: "tenant",
      onRequest({ headers, context }) {
        context["tenant"] = headers?.["x-tenant"];
        return undefined;
      },
    },
    {
      name: "headers",
      onRequest: ({ context }) => ({
        async onSubgraphFetch({ subgraph, headers }) {
          headers["x-for"] = await Promise.resolve(`${subgraph} ${String(context["tenant"])}`);
          return undefined;
        },
        onResponse: ({ bytes, setHeader }) => setHeader("x-bytes", String(bytes)),
      }),
    },
  );
  const { headers, body } = await ask("{ word { sound } }", { "x-tenant": "acme" });
  expect(requests.map((request) => request.headers["x-for"])).toEqual(["words acme", "sounds acme"]);
  expect(headers.get("x-bytes")).toBe(String(JSON.stringify(body).length));
});

test("set headers of a response that carries a subscription", async () => {
  const publisher = await publishingSubgraph();
  const { supergraphSdl: sdl } = await federated({ publisher: publisher.subgraph });
  const plugin: RouterPlugin = {
    name: "marks",
    onRequest: () => ({ onResponse: ({ setHeader }) => setHeader("x-mark", "yes") }),
  };
  const router = await createRouter({ supergraph: { sdl }, listen: { port: 0 } }, { plugins: [plugin] });
  onTestFinished(() => router.close());
  const query = `subscription { arrivals(port: "Bergen") { berth } }`;
  const { response } = await httpStream(router.url, { query, headers: { accept: "text/event-stream" } });
  expect(response.headers["x-mark"]).toBe("yes");
});

test("a plugin answers early, and those before it hear of the answer", async () => {
  const responses: PluginResponse[] = [];
  const calls: string[] = [];
  const { ask, askOverWebSocket, requests } = await routerWith(
    { name: "listener", onRequest: () => ({ onResponse: (response) => void responses.push(response) }) },
    { name: "cached", onRequest: async () => ({ answer: { data: { word: null } } }) },
    recording("never", calls),
  );
  expect(await ask("{ word { text } }")).toMatchObject({ status: 200, body: { data: { word: null } } });
  expect(await askOverWebSocket("{ word { text } }")).toEqual({ data: { word: null } });
  expect(responses).toMatchObject([
    { status: 200, errorCodes: [] },
    { status: 200, errorCodes: [] },
  ]);
  expect([requests, calls]).toEqual([[], []]);
});

test("a plugin does not say how an answer is sent", async () => {
  const { ask } = await routerWith({
    name: "meddler",
    onRequest: () => ({
      onResponse({ setHeader }) {
        setHeader("x-mark", "yes");
        setHeader("Content-Length", "1");
      },
    }),
  });
  const { body, headers } = await ask("{ word { text } }");
  expect(body).toEqual({ data: { word: { text: "yes" } } });
  expect([headers.get("x-mark"), headers.get("content-length")]).toEqual(["yes", String(JSON.stringify(body).length)]);
});

test.each([
  ["onRequest", "a coded error", new CodedError("FORBIDDEN", "Not today."), 403, "FORBIDDEN"],
  ["onRequest", "a bug", new TypeError("oops"), 500, "INTERNAL_ERROR"],
  ["onPlan", "a coded error", new CodedError("FORBIDDEN", "Not today."), 403, "FORBIDDEN"],
  ["onPlan", "a bug", new TypeError("oops"), 500, "INTERNAL_ERROR"],
])("%s refuses a request with %s", async (hook, _, error, status, code) => {
  const fail = () => {
    throw error;
  };
  const responses: PluginResponse[] = [];
  const { ask, askOverWebSocket, requests } = await routerWith(
    { name: "listener", onRequest: () => ({ onResponse: (response) => void responses.push(response) }) },
    { name: "strict", onRequest: hook === "onRequest" ? fail : () => ({ onPlan: fail }) },
  );
  const answer = await ask("{ word { text } }");
  expect(answer.status).toBe(status);
  expect(answer.body.errors).toEqual([expect.objectContaining({ extensions: { code } })]);
  expect(JSON.stringify(answer.body)).not.toContain("oops");
  expect(await askOverWebSocket("{ word { text } }")).toEqual([expect.objectContaining({ extensions: { code } })]);
  expect(responses).toMatchObject([
    { status, errorCodes: [code] },
    { status, errorCodes: [code] },
  ]);
  expect(requests).toEqual([]);
});

test("a fetch that a plugin refuses fails for its fields alone", async () => {
  const { ask, requests } = await routerWith({
    name: "strict",
    onRequest: () => ({
      onSubgraphFetch({ subgraph }) {
        if (subgraph === "sounds") throw new CodedError("FORBIDDEN", "No sounds.");
        return undefined;
      },
    }),
  });
  expect((await ask("{ word { text sound } }")).body).toEqual({
    errors: [{ message: "No sounds.", path: ["word", "sound"], extensions: { code: "FORBIDDEN", service: "sounds" } }],
    data: { word: { text: "yes", sound: null } },
  });
  expect(requests.map(({ subgraph }) => subgraph)).toEqual(["words"]);
});

test("where nothing can be refused a failing plugin changes nothing, for other plugins neither", async () => {
  const fail = () => {
    throw new Error("oops");
  };
  const calls: string[] = [];
  const { ask } = await routerWith(
    { name: "bad ends", onRequest: () => ({ onStage: () => fail, onSubgraphFetch: () => fail, onResponse: fail }) },
    { name: "bad beginning", onRequest: () => ({ onStage: fail }) },
    recording("good", calls),
  );
  expect((await ask("{ word { text } }")).body).toEqual({ data: { word: { text: "yes" } } });
  expect(calls).toContain("good: shape over");
  expect(calls).toContain("good: words answered 200 null");
  expect(calls.at(-1)).toBe("good: 200 []");
});

test("an operation over WebSocket has the same hooks", async () => {
  const calls: string[] = [];
  const { askOverWebSocket } = await routerWith(recording("a", calls));
  expect(await askOverWebSocket("query Say { word { text } }")).toEqual({ data: { word: { text: "yes" } } });
  await eventually(() => expect(calls.at(-1)).toBe("a: 200 []"));
  expect(calls[0]).toBe("a: request over ws of none");
  expect(calls).toContain("a: query Say of words");
  expect(calls).toContain("a: words answered 200 null");
});

test("an answer in parts is told once, when its last part is sent", async () => {
  const calls: string[] = [];
  const { router } = await routerWith(recording("a", calls));
  const response = await fetch(router.url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "multipart/mixed" },
    body: JSON.stringify({ query: "{ word { text ... @defer { sound } } }" }),
  });
  expect(await response.text()).toContain('"hasNext":false');
  expect(calls.filter((call) => call.endsWith("[]"))).toEqual(["a: 200 []"]);
  expect(calls).toContain("a: sounds answered 200 null");
  expect(calls.filter((call) => call === "a: shape over").length).toBe(2);
});

/** Prices move from `old` to `new`; each value says who gave it. */
async function movingPrices(settings: Record<string, unknown>, ...plugins: RouterPlugin[]) {
  const from = (subgraph: string) => ({ __resolveReference: (sent: unknown) => sent, price: () => subgraph });
  const { supergraphSdl: sdl } = await federated({
    old: {
      typeDefs: `type Query { quote: Quote name: String } type Quote @key(fields: "id") { id: ID! price: String }`,
      resolvers: { Query: { quote: () => ({ id: "1" }), name: () => "quotes" }, Quote: from("old") },
    },
    new: {
      typeDefs: `
        type Quote @key(fields: "id") { id: ID! price: String @override(from: "old", label: "move-price") }`,
      resolvers: { Quote: from("new") },
    },
  });
  const router = await createRouter({ supergraph: { sdl }, listen: { port: 0 }, ...settings }, { plugins });
  onTestFinished(() => router.close());
  return async (query: string, headers: Record<string, string> = {}): Promise<any> => {
    const response = await fetch(router.url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ query }),
    });
    return response.json();
  };
}

const PRICE = "{ quote { price } }";

test("a plugin decides for each request whether an override's label holds", async () => {
  const asked: string[] = [];
  const early: RouterPlugin = {
    name: "early",
    onRequest: ({ headers }) => ({
      onOverride(label) {
        asked.push(label);
        const wish = headers?.["x-early"];
        if (wish === "refuse") throw new CodedError("FORBIDDEN");
        if (wish === "fail") throw new Error("internal");
        return wish === undefined ? undefined : wish === "yes";
      },
    }),
  };
  const later: RouterPlugin = {
    name: "later",
    onRequest: ({ headers }) => ({ onOverride: () => (headers?.["x-later"] === "yes" ? true : undefined) }),
  };
  const ask = await movingPrices({}, early, later);
  for (const [headers, price] of [
    [{ "x-early": "yes" }, "new"],
    [{ "x-early": "no", "x-later": "yes" }, "old"],
    [{ "x-later": "yes" }, "new"],
    [{}, "old"],
  ] as const)
    expect(await ask(PRICE, headers)).toEqual({ data: { quote: { price } } });
  expect((await ask(PRICE, { "x-early": "refuse" })).errors[0].extensions.code).toBe("FORBIDDEN");
  expect((await ask(PRICE, { "x-early": "fail" })).errors[0].extensions.code).toBe("INTERNAL_ERROR");
  expect(asked).toEqual(Array.from({ length: 6 }, () => "move-price"));
});

test("no plugin is asked about labels that the settings name, or that cannot change the plan", async () => {
  const never: RouterPlugin = {
    name: "never",
    onRequest: () => ({
      onOverride() {
        throw new CodedError("FORBIDDEN");
      },
    }),
  };
  const told = await movingPrices({ override_labels: { "move-price": true } }, never);
  expect(await told(PRICE)).toEqual({ data: { quote: { price: "new" } } });
  const open = await movingPrices({}, never);
  expect(await open("{ name }")).toEqual({ data: { name: "quotes" } });
});
