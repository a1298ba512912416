import { Kind, parse, type OperationDefinitionNode } from "graphql";
import { expect, test } from "vitest";
import { composeSupergraph } from "../../supergraph/compose-supergraph.ts";
import { buildRouterSupergraph } from "../../supergraph/router-supergraph.ts";
import type { PlannedFetch, RequiredSelection } from "../fetch-plan.ts";
import { normalizeOperation } from "../normalize-operation.ts";
import { inlinePlanners } from "../planners.ts";
import { verifyPlan } from "./verify-plan.ts";

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requires", "@provides", "@external", "@shareable"])\n`;
const SUBGRAPHS = {
  fleet: `
    type Query { ships: [Ship!]! vessel: Vessel harbour: Harbour }
    interface Vessel { imo: ID! }
    type Ship implements Vessel @key(fields: "imo") { imo: ID! flag: String! @shareable berth: Berth }
    type Raft implements Vessel { imo: ID! logs: Int }
    type Berth { number: Int depth: Int }
    type Harbour @key(fields: "code") { code: ID! }`,
  dues: `
    type Ship @key(fields: "imo") @key(fields: "hull", resolvable: false) {
      imo: ID! hull: ID @shareable flag: String! @external due: Int @requires(fields: "flag") paid: Boolean }
    type Query { dearest: Ship @provides(fields: "flag") cheapest: Ship }
    type Subscription { paid: Ship }`,
};

const composition = composeSupergraph(
  Object.entries(SUBGRAPHS).map(([name, sdl]) => ({
    name,
    routingUrl: "http://localhost",
    sdl: LINK + sdl,
    file: name,
  })),
);
if ("problems" in composition) throw new Error(composition.problems.join());
const supergraph = await buildRouterSupergraph(composition.supergraphSdl, inlinePlanners);

/** `"dues ships.@ <Ship __typename imo> {... on Ship {paid}}: 0 if a"`: a fetch for entities, after another, under a condition. */
function fetches(lines: readonly string[]): PlannedFetch[] {
  return lines.map((line, id) => {
    const [, subgraph = "", path, type = "", required, selection = "", after, condition] =
      /^(\w+)(?: (\S+) <(\w+) ([^>]*)>)? ({.*})(?:: (\d+))?(?: if (\w+))?$/.exec(line)!;
    const { selectionSet } = parse(selection).definitions[0] as OperationDefinitionNode;
    const fields = required
      ?.split(" ")
      .map((name): RequiredSelection => ({ kind: "field", read: name, write: name, selections: null }));
    return {
      id,
      subgraph,
      kind: "query",
      path: path?.split(".") ?? [],
      requires: fields ? [{ kind: "fragment", on: type, selections: fields }] : null,
      selection: selectionSet,
      variables: [],
      contexts: [],
      inputRewrites: [],
      outputRewrites: [],
      conditions: condition ? [{ variable: condition, expected: true }] : [],
      after: after ? [Number(after)] : [],
    };
  });
}

function verify(query: string, plan: readonly string[], source?: PlannedFetch): void {
  const operation = parse(query).definitions[0] as OperationDefinitionNode;
  expect(operation.kind).toBe(Kind.OPERATION_DEFINITION);
  verifyPlan(supergraph, normalizeOperation(operation, new Map(), supergraph), {
    fetches: fetches(plan),
    source: source ?? null,
  });
}

const SHIPS = "fleet {ships {__typename imo flag}}";

test.each([
  ["one subgraph has all", "{ ships { flag berth { depth } } }", ["fleet {ships {flag berth {depth}}}"]],
  ["an entity by its key", "{ ships { paid } }", [SHIPS, "dues ships.@ <Ship __typename imo> {... on Ship {paid}}: 0"]],
  [
    "a required field beside the key",
    "{ ships { due } }",
    [SHIPS, "dues ships.@ <Ship __typename imo flag> {... on Ship {due}}: 0"],
  ],
  ["an external field where it is provided", "{ dearest { flag } }", ["dues {dearest {flag}}"]],
  ["a type told", "{ vessel { ... on Raft { logs } } }", ["fleet {vessel {__typename ... on Raft {logs}}}"]],
  ["no type told where none matters", "{ vessel { imo } }", ["fleet {vessel {imo}}"]],
  [
    "a condition both ways",
    "query ($a: Boolean!) { ships { flag } }",
    ["fleet {ships {imo flag @include(if: $a) ... on Ship @skip(if: $a) {flag}}}"],
  ],
  [
    "a fetch under the condition of the field",
    "query ($a: Boolean!) { ships { paid @include(if: $a) } }",
    [SHIPS, "dues ships.@ <Ship __typename imo> {... on Ship {paid}}: 0 if a"],
  ],
])("accepts %s", (_, query, plan) => {
  verify(query, plan);
});

test.each([
  [
    "a field that another subgraph has",
    "{ ships { paid } }",
    ["fleet {ships {paid}}"],
    /"fleet" cannot resolve "Ship.paid"/,
  ],
  [
    "a type that another subgraph has",
    "{ cheapest { imo } }",
    ["dues {cheapest {... on Raft {logs}}}"],
    /cannot resolve "Raft"/,
  ],
  ["an external field", "{ cheapest { flag } }", ["dues {cheapest {flag}}"], /"dues" cannot resolve "Ship.flag"/],
  [
    "a field without what it requires",
    "{ ships { due } }",
    [SHIPS, "dues ships.@ <Ship __typename imo> {... on Ship {due}}: 0"],
    /"dues" cannot resolve "Ship.due"/,
  ],
  [
    "an input that nothing brings",
    "{ ships { due } }",
    ["fleet {ships {__typename imo}}", "dues ships.@ <Ship __typename imo flag> {... on Ship {due}}: 0"],
    /the field "Ship.due"/,
  ],
  [
    "an input that is another field under its name",
    "{ ships { paid } }",
    ["fleet {ships {__typename imo: flag}}", "dues ships.@ <Ship __typename imo> {... on Ship {paid}}: 0"],
    /"dues" would get something else for "Ship.imo"/,
  ],
  [
    "an input of a fetch that it does not wait for",
    "{ ships { paid } cheapest { imo } }",
    [SHIPS, "dues {cheapest {imo}}", "dues ships.@ <Ship __typename imo> {... on Ship {paid}}: 1"],
    /"Ship.paid"/,
  ],
  [
    "an input that is fetched only sometimes",
    "query ($a: Boolean!) { ships { paid } }",
    ["fleet {ships {__typename imo @include(if: $a)}}", "dues ships.@ <Ship __typename imo> {... on Ship {paid}}: 0"],
    /"Ship.paid"/,
  ],
  [
    "a key that does not resolve",
    "{ dearest { hull paid } }",
    ["dues {dearest {__typename hull}}", "dues dearest <Ship __typename hull> {... on Ship {paid}}: 0"],
    /cannot resolve an entity "Ship"/,
  ],
  ["a root field left out", "{ ships { imo } vessel { imo } }", ["fleet {ships {imo}}"], /the field "Query.vessel"/],
  ["a field left out deep below", "{ ships { berth { depth } } }", ["fleet {ships {berth {number}}}"], /"Berth.depth"/],
  [
    "a field left out for one type",
    "{ vessel { imo } }",
    ["fleet {vessel {__typename ... on Ship {imo}}}"],
    /"Raft.imo"/,
  ],
  ["no plan at all", "{ harbour { code } }", [], /"Query.harbour"/],
  [
    "a type that is not told",
    "{ vessel { ... on Raft { logs } } }",
    ["fleet {vessel {... on Raft {logs}}}"],
    /which type/,
  ],
  [
    "a fetch under a condition that the field does not have",
    "query ($a: Boolean!) { ships { paid } }",
    [SHIPS, "dues ships.@ <Ship __typename imo> {... on Ship {paid}}: 0 if a"],
    /"Ship.paid"/,
  ],
])("refuses %s", (_, query, plan, message) => {
  expect(() => verify(query, plan)).toThrow(message);
});

test.each([
  ["of the root field itself", "dues {paid {flag}}", /"dues" cannot resolve "Ship.flag"/],
  ["that is of another subgraph", "fleet {paid {imo flag}}", /"fleet" cannot resolve/],
  ["that nothing brings", "dues {paid {imo}}", /the field "Ship.flag"/],
])("refuses a subscription with a field %s", (_, source, message) => {
  const query = "subscription { paid { imo flag } }";
  expect(() => verify(query, [], fetches([source])[0])).toThrow(message);
  const rest = ["fleet paid <Ship __typename imo> {... on Ship {flag}}"];
  verify(query, rest, fetches(["dues {paid {__typename imo}}"])[0]);
});
