import { eventually } from "@mib/testkit/eventually";
import { describe, expect, test } from "vitest";
import { json } from "../federation/federated.ts";
import { runningRouter } from "./running-router.ts";
import { issuer } from "./token-issuer.ts";

/** A router whose subgraph numbers its answers and keeps them until they are let go. */
async function slowRouter(settings: Record<string, unknown> = {}) {
  const waiting: (() => void)[] = [];
  let asked = 0;
  const router = await runningRouter(
    {
      words: {
        typeDefs: `type Query { word(of: Int): String broken: String } type Mutation { say: String }`,
        answer({ query }, response) {
          asked += 1;
          const text = `answer ${asked}`;
          waiting.push(() => {
            if (query.includes("broken"))
              json(response, { data: { broken: null }, errors: [{ message: "no", path: ["broken"] }] });
            else json(response, { data: query.includes("say") ? { say: text } : { word: text } });
          });
        },
      },
    },
    { request_sharing: true, ...settings },
  );
  return {
    router,
    /** Resolves when the subgraph was asked so often and so many queries wait for the answer to another one. */
    underWay: (requests: number, sharing: number) =>
      eventually(async () =>
        expect([asked, await router.metric("router_shared_answers_total")]).toEqual([requests, sharing]),
      ),
    letGo: () => {
      for (const answer of waiting.splice(0)) answer();
    },
  };
}

const post = (text: string, variables?: object, headers?: Record<string, string>) =>
  [{ query: text, ...(variables && { variables }) }, headers] as const;

describe("identical queries under way", () => {
  test("get one answer, however they are written; the next one is executed anew", async () => {
    const { router, underWay, letGo } = await slowRouter();
    const some = ["{ word }", "query Named { word }", "{\n  word\n}"].map((text) => router.post(...post(text)));
    const socket = router.client();
    const overSocket = socket.iterate({ query: "{ word }" }).next();
    await underWay(1, 3);
    letGo();
    for (const { body } of await Promise.all(some)) expect(body).toEqual({ data: { word: "answer 1" } });
    expect((await overSocket).value).toEqual({ data: { word: "answer 1" } });
    const next = router.post(...post("{ word }"));
    await underWay(2, 3);
    letGo();
    expect((await next).body).toEqual({ data: { word: "answer 2" } });
  });

  test("each carry the errors of the answer", async () => {
    const { router, underWay, letGo } = await slowRouter();
    const both = [router.post(...post("{ broken }")), router.post(...post("{ broken }"))];
    await underWay(1, 1);
    letGo();
    for (const { body } of await Promise.all(both)) expect(body.errors).toHaveLength(1);
    expect(await router.metric("router_operation_errors_total")).toBe(2);
  });
});

describe("executed by themselves are", () => {
  test("other variables, other selections, plans that are asked for, and mutations", async () => {
    const { router, underWay, letGo } = await slowRouter();
    const query = "query ($of: Int) { word(of: $of) }";
    const all = [
      router.post(...post(query, { of: 1 })),
      router.post(...post(query, { of: 2 })),
      router.post(...post("{ word }")),
      router.post(...post("{ word }", undefined, { "x-query-plan": "1" })),
      router.post(...post("mutation { say }")),
      router.post(...post("mutation { say }")),
    ];
    await underWay(6, 0);
    letGo();
    await Promise.all(all);
  });

  test("queries for which subgraphs are sent other headers", async () => {
    const { router, underWay, letGo } = await slowRouter({
      all_subgraphs: { headers: [{ propagate: { named: "x-tenant" } }] },
    });
    const all = ["a", "b", "b"].map((tenant) => router.post(...post("{ word }", undefined, { "x-tenant": tenant })));
    await underWay(2, 1);
    letGo();
    await Promise.all(all);
  });

  test.each([
    ["none", 1, 2],
    ["subject", 2, 1],
  ])("with identity %s, %i of three queries of two callers", async (identity, requests, sharing) => {
    const auth = await issuer();
    const { router, underWay, letGo } = await slowRouter({
      authentication: { jwks_url: auth.jwksUrl },
      subgraphs: { words: { identity } },
    });
    const all = ["ada", "bob", "bob"].map(async (sub) =>
      router.post(...post("{ word }", undefined, { authorization: `Bearer ${await auth.token({ sub })}` })),
    );
    await underWay(requests, sharing);
    letGo();
    await Promise.all(all);
  });

  test("all, unless it is asked for", async () => {
    const { router, underWay, letGo } = await slowRouter({ request_sharing: false });
    const both = [router.post(...post("{ word }")), router.post(...post("{ word }"))];
    await underWay(2, 0);
    letGo();
    await Promise.all(both);
  });
});
