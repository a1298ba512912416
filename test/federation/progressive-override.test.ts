import { expect, test } from "vitest";
import type { FederationOptions } from "../../router/src/operation/federation.ts";
import { inlinePlanners, type Planners } from "../../router/src/plan/planners.ts";
import { federated, type TestSubgraph } from "./federated.ts";
import { Random } from "./fuzz/random.ts";

type Choice = Pick<FederationOptions, "overrideLabels" | "planners" | "random">;

const never = (): number => {
  throw new Error("nothing is to be drawn");
};

/** Quotes move from `old` to `new`, field by field; each value says who gave it. */
function quotes(choice: Choice, overrides: Record<string, string>) {
  const names = ["price", "size", "venue"];
  const valuesOf = (subgraph: string) => Object.fromEntries(names.map((name) => [name, () => subgraph]));
  const moved = names
    .filter((name) => overrides[name])
    .map((name) => `${name}: String @override(from: "old", label: "${overrides[name]}")`);
  const subgraphs: Record<string, TestSubgraph> = {
    old: {
      typeDefs: `
        type Query { quote: Quote }
        type Quote @key(fields: "id") { id: ID! price: String size: String venue: String }`,
      resolvers: {
        Query: { quote: () => ({ id: "1" }) },
        Quote: { __resolveReference: (sent: unknown) => sent, ...valuesOf("old") },
      },
    },
    new: {
      typeDefs: `type Quote @key(fields: "id") { id: ID! ${moved.join(" ")} }`,
      resolvers: {
        Quote: {
          __resolveReference: (sent: unknown) => sent,
          ...Object.fromEntries(Object.entries(valuesOf("new")).filter(([name]) => overrides[name])),
        },
      },
    },
  };
  return federated(subgraphs, () => ({}), choice);
}

/** Planners that note what each plan was told of overrides, and may be told something else. */
function notingPlanners(told: (overrides: readonly string[]) => readonly string[] = (overrides) => overrides) {
  const planned: (readonly string[])[] = [];
  const planners: Planners = {
    ...inlinePlanners,
    async build(sdl) {
      const planner = await inlinePlanners.build(sdl);
      return {
        ...planner,
        plan(document, operationName, overrides) {
          planned.push(overrides);
          return planner.plan(document, operationName, told(overrides));
        },
      };
    },
  };
  return { planned, planners };
}

test("a label that the settings name decides who is asked, on one supergraph", async () => {
  const query = "{ quote { price size } }";
  for (const [overrideLabels, price] of [
    [{ "move-price": true }, "new"],
    [{ "move-price": false }, "old"],
    [{ "another-label": true }, "old"],
  ] as const) {
    const { ask } = await quotes({ overrideLabels, random: never }, { price: "move-price" });
    expect(await ask(query)).toEqual({ data: { quote: { price, size: "old" } } });
  }
});

test("a new setting holds from the next request on", async () => {
  const { ask, federation, supergraphSdl } = await quotes({}, { price: "move-price" });
  const settings = { subgraph: () => null, operationCacheMax: 9 };
  const priceWith = async (overrideLabels: Record<string, boolean>) => {
    await federation.update(supergraphSdl, { ...settings, overrideLabels });
    return (await ask("{ quote { price } }")).data.quote.price;
  };
  expect(await priceWith({ "move-price": true })).toBe("new");
  expect(await priceWith({ "move-price": false })).toBe("old");
});

test("a percentage holds for that share of the requests, with one plan for each outcome", async () => {
  const source = new Random(7);
  const { planned, planners } = notingPlanners();
  const random = () => source.below(1_000_000) / 1_000_000;
  const { ask } = await quotes({ random, planners }, { price: "percent(30)", size: "percent(2.5)" });
  let [prices, sizes] = [0, 0];
  for (let request = 0; request < 1_000; request++) {
    const { quote } = (await ask("{ quote { price size } }")).data;
    if (quote.price === "new") prices++;
    if (quote.size === "new") sizes++;
  }
  expect(prices).toBeGreaterThan(250);
  expect(prices).toBeLessThan(350);
  expect(sizes).toBeGreaterThan(5);
  expect(sizes).toBeLessThan(50);
  expect(planned.map((labels) => labels.join(" ")).sort()).toEqual([
    "",
    "percent(2.5)",
    "percent(2.5) percent(30)",
    "percent(30)",
  ]);
});

test("one request has one decision for all that has the label, deferred parts too", async () => {
  let draws = 0;
  const random = () => (draws++ % 2 === 0 ? 0.49 : 0.51);
  const labels = { price: "percent(50)", size: "percent(50)", venue: "percent(50)" };
  const { askInParts } = await quotes({ random }, labels);
  const query = "{ quote { id price ... @defer { size venue } } }";
  for (const by of ["new", "old", "new", "old"]) {
    const [first, second] = await askInParts(query);
    expect(first?.data).toEqual({ quote: { id: "1", price: by } });
    expect(second?.incremental?.[0]?.data).toEqual({ size: by, venue: by });
  }
  expect(draws).toBe(4);
});

test("nothing is drawn where the outcome is certain or cannot matter", async () => {
  const certain = await quotes({ random: never }, { price: "percent(0)", size: "percent(100)" });
  expect((await certain.ask("{ quote { price size } }")).data.quote).toEqual({ price: "old", size: "new" });

  const told = await quotes(
    { random: never, overrideLabels: { "percent(40)": true } },
    { price: "percent(40)", size: "percent(60)" },
  );
  expect((await told.ask("{ quote { price venue } }")).data.quote).toEqual({ price: "new", venue: "old" });
});

test("a plan that forgets which overrides hold is not followed", async () => {
  const { planners } = notingPlanners(() => []);
  const { ask, requests } = await quotes({ planners, overrideLabels: { "move-price": true } }, { price: "move-price" });
  expect(await ask("{ quote { price } }")).toEqual({ data: { quote: { price: "new" } } });
  expect(requests.map(({ subgraph }) => subgraph)).toEqual(["old", "new"]);
  expect(requests[0]!.query).not.toContain("price");
});

test("operations are prepared for a new supergraph with the draws that they were used with", async () => {
  const { planned, planners } = notingPlanners();
  let draw = 0.1;
  const { ask, federation, supergraphSdl } = await quotes({ planners, random: () => draw }, { price: "percent(50)" });
  for (draw of [0.1, 0.9, 0.1]) await ask("{ quote { price } }");
  const newer = supergraphSdl.replace("venue: String", "venue: String @deprecated");
  await federation.update(newer, undefined, { operationsMax: 9, msMax: 60_000 });
  expect(planned).toEqual([["percent(50)"], [], ["percent(50)"], []]);
  for (draw of [0.1, 0.9]) await ask("{ quote { price } }");
  expect(planned).toHaveLength(4);
});
