import { eventually } from "@mib/testkit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { createFederation } from "../../router/src/operation/federation.ts";
import { inlinePlanners, type Planners } from "../../router/src/plan/planners.ts";
import { federated, json, type TestSubgraph } from "./federated.ts";

const ONE: TestSubgraph = {
  typeDefs: "type Query { word: String number: Int }",
  resolvers: { Query: { word: () => "yes", number: () => 1 } },
};

test("an update changes what operations may ask, and old ones go on", async () => {
  const { ask, federation, supergraphSdl } = await federated({ one: ONE });
  const old = await federation.prepare({ query: "{ word number }" });
  await federation.update(
    supergraphSdl.replace("  word: String\n", "").replace("  word: String @join__field(graph: ONE)\n", ""),
  );
  expect(federation.apiSchema.getQueryType()?.getFields()["word"]).toBeUndefined();
  expect((await ask("{ word }")).errors?.[0]?.extensions["code"]).toBe("GRAPHQL_VALIDATION_FAILED");
  expect(await ask("{ number }")).toEqual({ data: { number: 1 } });
  if ("errors" in old) throw new Error("not prepared");
  const call = { headersFor: () => ({}), signal: new AbortController().signal };
  expect(JSON.parse(await old.execute(call, {}))).toEqual({ data: { word: "yes", number: 1 } });
});

for (const [fault, broken] of Object.entries({
  "no GraphQL": "type Query {",
  "no supergraph": "type Query { word: String }",
  "a link to a feature that is unknown and needed": `schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION) @link(url: "https://example.org/teleport/v9.0", for: EXECUTION) { query: Query } type Query { word: String }`,
})) {
  test(`a supergraph that is ${fault} is refused, and the old one stays`, async () => {
    const { ask, federation, supergraphSdl } = await federated({ one: ONE });
    await expect(federation.update(broken)).rejects.toThrow();
    expect(federation.supergraphSdl).toBe(supergraphSdl);
    expect(await ask("{ word }")).toEqual({ data: { word: "yes" } });
  });
}

test("an update during an operation does not disturb it", async () => {
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const { federation, supergraphSdl } = await federated({
    one: {
      ...ONE,
      answer: (_, response) => {
        asked.resolve();
        void go.promise.then(() => json(response, { data: { word: "late" } }));
      },
    },
  });
  const prepared = await federation.prepare({ query: "{ word }" });
  if ("errors" in prepared) throw new Error("not prepared");
  const pending = prepared.execute({ headersFor: () => ({}), signal: new AbortController().signal }, {});
  await asked.promise;
  await federation.update(supergraphSdl.replace("word: String", "word: String @deprecated"));
  go.resolve();
  expect(JSON.parse(await pending)).toEqual({ data: { word: "late" } });
});

test("a connection to where a subgraph was ends with the last request that began there", async () => {
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  let closed = false;
  let where = "old";
  const { federation, supergraphSdl } = await federated(
    {
      one: {
        ...ONE,
        answer: (_, response, { socket }) => {
          // Kept alive for longer than anybody waits, were it not for the router.
          Object.assign((socket as never as { server: object }).server, { keepAliveTimeout: 600_000 });
          socket.once("close", () => (closed = true));
          asked.resolve();
          void go.promise.then(() => json(response, { data: { word: "late" } }));
        },
      },
    },
    () => (where === "old" ? {} : { url: "http://127.0.0.1:9/graphql" }),
  );
  const ask = async () => {
    const prepared = await federation.prepare({ query: "{ word }" });
    if ("errors" in prepared) throw new Error("not prepared");
    const call = { headersFor: () => ({}), signal: new AbortController().signal };
    return { again: async () => JSON.parse(await prepared.execute(call, {})) };
  };
  const old = await ask();
  const pending = old.again();
  await asked.promise;
  where = "new";
  await federation.update(supergraphSdl.replace("word: String", "word: String @deprecated"));
  expect((await (await ask()).again()).errors[0].extensions.code).toBe("SUBGRAPH_UNREACHABLE");
  expect(closed).toBe(false);
  go.resolve();
  expect(await pending).toEqual({ data: { word: "late" } });
  await eventually(() => closed);

  closed = false;
  expect(await old.again()).toEqual({ data: { word: "late" } });
  await eventually(() => closed);
});

/** A federation that says what it plans, on which supergraph; and waits where it is told. */
async function planned(gate: (operation: string) => Promise<void> | void = () => {}) {
  const { supergraphSdl } = await federated({ one: ONE });
  const newSdl = supergraphSdl.replace("word: String", "word: String @deprecated");
  const plans: string[] = [];
  const planners: Planners = {
    ...inlinePlanners,
    async build(sdl) {
      const planner = await inlinePlanners.build(sdl);
      const name = sdl.includes("@deprecated") ? "new" : "old";
      return {
        ...planner,
        async plan(document, operationName, overrides) {
          plans.push(`${name} ${operationName}`);
          await gate(`${name} ${operationName}`);
          return planner.plan(document, operationName, overrides);
        },
      };
    },
  };
  const federation = await createFederation({ supergraphSdl, subgraph: () => null, operationCacheMax: 9, planners });
  onTestFinished(() => federation.close());
  const prepare = (name: string) => federation.prepare({ query: `query ${name} { word }`, operationName: name });
  return { federation, newSdl, plans, prepare };
}

test("the operations used most are planned on the new supergraph before it is taken into use", async () => {
  const { federation, newSdl, plans, prepare } = await planned();
  for (const name of ["Rare", "Often", "Often", "Sometimes", "Often", "Sometimes"]) await prepare(name);
  for (let i = 0; i < 9; i++) await federation.prepare({ query: "query Wrong { nonsense }" });
  await federation.update(newSdl, undefined, { operationsMax: 3, msMax: 60_000 });
  expect(plans).toEqual(["old Rare", "old Often", "old Sometimes", "new Often", "new Sometimes"]);
  for (const name of ["Rare", "Often", "Sometimes"]) await prepare(name);
  expect(plans.slice(5)).toEqual(["new Rare"]);
});

test("requests get the old supergraph while the new one warms up, which takes no longer than it may", async () => {
  const warming = Promise.withResolvers<void>();
  const { federation, newSdl, prepare } = await planned((operation) => {
    if (operation !== "new Slow") return;
    warming.resolve();
    return new Promise(() => {});
  });
  await prepare("Slow");
  const isNew = () => federation.supergraphSdl === newSdl;
  const updated = federation.update(newSdl, undefined, { operationsMax: 9, msMax: 500 });
  await warming.promise;
  expect(isNew()).toBe(false);
  expect(await prepare("Other")).toHaveProperty("plan");
  await updated;
  expect(isNew()).toBe(true);
  expect(await prepare("Other")).toHaveProperty("plan");
});
