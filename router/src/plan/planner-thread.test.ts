import { afterEach, expect, test } from "vitest";
import { composeSupergraph } from "../supergraph/compose-supergraph.ts";
import { inlinePlanners, type Planners } from "./planners.ts";
import { PlannerThread, type PlannerThreadLimits } from "./planner-thread.ts";

const LETTERS = ["a", "b", "c", "d", "e", "f", "g", "h"];
const CHILDREN = LETTERS.map((letter) => `${letter}: Node`).join(" ");

/** `count` subgraphs that all know all fields of an entity: for each field, and each below it, the planner has a choice. */
function supergraph(count: number): string {
  const sources = Array.from({ length: count }, (_, i) => ({
    name: `s${i}`,
    file: `s${i}`,
    routingUrl: `http://s${i}.test`,
    sdl: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])
      type Query { node: Node @shareable }
      type Node @key(fields: "k${i}") @shareable { k${i}: ID ${i > 0 ? `k${i - 1}: ID` : ""} next: Node ${CHILDREN} only${i}: Int }`,
  }));
  const composed = composeSupergraph(sources);
  if ("problems" in composed) throw new Error(composed.problems.join("; "));
  return composed.supergraphSdl;
}
const nested = (depth: number, leaf: string): string =>
  depth === 0 ? leaf : LETTERS.map((letter) => `${letter} { ${nested(depth - 1, leaf)} }`).join(" ");
const SMALL = "{ node { only0 } }";
const HARD = `{ node { ${nested(4, "only0 only1 only2 only3")} } }`;

const open: PlannerThread[] = [];
afterEach(() => Promise.all(open.splice(0).map((thread) => thread.close())));
function thread(limits: Partial<PlannerThreadLimits> = {}): Planners {
  const created = new PlannerThread(limits);
  open.push(created);
  return created;
}

test("the thread gives the plan that the planner gives here", async () => {
  const sdl = supergraph(3);
  const [there, here] = await Promise.all([thread().build(sdl), inlinePlanners.build(sdl)]);
  const query = "query Q($yes: Boolean!) { node { only0 only2 @include(if: $yes) next { only1 } } }";
  expect(await there.plan(query, "Q", [])).toEqual(JSON.parse(JSON.stringify(await here.plan(query, "Q", []))));
});

test("the thread plans with the overrides whose labels hold", async () => {
  const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@override"])`;
  const composed = composeSupergraph([
    { name: "old", file: "old", routingUrl: "http://old.test", sdl: `${link} type Query { word: String }` },
    {
      name: "new",
      file: "new",
      routingUrl: "http://new.test",
      sdl: `${link} type Query { word: String @override(from: "old", label: "soon") }`,
    },
  ]);
  if ("problems" in composed) throw new Error(composed.problems.join("; "));
  const planner = await thread().build(composed.supergraphSdl);
  expect((await planner.plan("{ word }", null, [])).node).toMatchObject({ serviceName: "old" });
  expect((await planner.plan("{ word }", null, ["soon"])).node).toMatchObject({ serviceName: "new" });
});

test("an operation that takes too long is refused, and what waits behind it is planned", async () => {
  const planner = await thread({ planningMsMax: 300 }).build(supergraph(4));
  const hard = planner.plan(HARD, null, []);
  const small = planner.plan(SMALL, null, []);
  await expect(hard).rejects.toMatchObject({ code: "OPERATION_LIMIT_EXCEEDED" });
  expect((await small).node).toMatchObject({ kind: "Fetch" });
});

test("an operation that takes too much memory is refused, and what waits behind it is planned", async () => {
  const planner = await thread({ heapMbMax: 48 }).build(supergraph(4));
  const hard = planner.plan(HARD, null, []);
  const small = planner.plan(SMALL, null, []);
  await expect(hard).rejects.toMatchObject({ code: "OPERATION_LIMIT_EXCEEDED" });
  expect((await small).node).toMatchObject({ kind: "Fetch" });
});

test("when too many wait, one more is refused for now", async () => {
  const planner = await thread({ waitingMax: 2 }).build(supergraph(2));
  const plans = Array.from({ length: 5 }, () => planner.plan(SMALL, null, []));
  const outcomes = await Promise.allSettled(plans);
  expect(outcomes.map((each) => (each.status === "rejected" ? each.reason.code : "planned"))).toEqual([
    "planned",
    "planned",
    "planned",
    "SERVICE_UNAVAILABLE",
    "SERVICE_UNAVAILABLE",
  ]);
});

test("a supergraph that is none is refused, and one that was released is still planned for whoever waited", async () => {
  const planners = thread();
  await expect(planners.build("type Query { word: String }")).rejects.toThrow(/planning failed/);
  const planner = await planners.build(supergraph(2));
  const waiting = [planner.plan(SMALL, null, []), planner.plan("{ node { only1 } }", null, [])];
  planner.release();
  await expect(planner.plan("{ node { only0 } }", null, [])).rejects.toMatchObject({
    code: "OPERATION_NOT_RESOLVABLE",
  });
  expect((await Promise.all(waiting)).map(({ node }) => node?.kind)).toEqual(["Fetch", "Fetch"]);
});

test("the thread takes no supergraph that Apollo's gateway refuses, says why as the gateway does, and goes on", async () => {
  const composed = composeSupergraph([
    {
      name: "one",
      file: "one",
      routingUrl: "http://one.test",
      sdl: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@authenticated"])
        type Query { word: String @authenticated }`,
    },
  ]);
  if ("problems" in composed) throw new Error(composed.problems.join("; "));
  const refused = composed.supergraphSdl;
  const why = await inlinePlanners.takeSupergraph(refused).catch(({ message }: Error) => message);
  expect(why).toContain("https://specs.apollo.dev/authenticated/v0.1 is for: SECURITY but is unsupported");
  const planners = thread();
  for (const count of [2, 3]) {
    await planners.takeSupergraph(supergraph(count));
    await expect(planners.takeSupergraph(refused)).rejects.toThrow(new Error(why as string));
  }
});
