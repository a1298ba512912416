import { Kind, parse, type OperationDefinitionNode } from "graphql";
import { expect, test } from "vitest";
import { batchRequests } from "./batch-requests.ts";
import type { PlannedFetch } from "./fetch-plan.ts";

/** `"reviews a.@ {x}: 0 1"`: a fetch of a subgraph at a path with a selection, after others. No path: a root fetch. */
function fetches(...lines: string[]): PlannedFetch[] {
  return lines.map((line, id) => {
    const [, subgraph = "", path = "", selection = "", after = ""] = /^(\S+) ?(\S*) ({.*})(?:: (.*))?$/.exec(line)!;
    const operation = parse(selection).definitions[0] as OperationDefinitionNode;
    return {
      id,
      subgraph,
      kind: "query",
      path: path === "" ? [] : path.split("."),
      requires: path === "" ? null : [{ kind: "field", read: "id", write: "id", selections: null }],
      selection: { kind: Kind.SELECTION_SET, selections: operation.selectionSet.selections },
      variables: [],
      contexts: [],
      inputRewrites: [],
      outputRewrites: [],
      conditions: [],
      after: after === "" ? [] : after.split(" ").map(Number),
    };
  });
}

/** Each request as `"subgraph [fetches of a part] …: after"`. */
function requests(planned: readonly PlannedFetch[]): string[] {
  return batchRequests(planned).map(
    ({ subgraph, parts, after }) =>
      `${subgraph} ${parts.map(({ fetches: list }) => `[${list.map(({ id }) => id).join(" ")}]`).join(" ")}${after.length > 0 ? `: ${after.join(" ")}` : ""}`,
  );
}

test("fetches of one subgraph that may go together are one request", () => {
  expect(requests(fetches("a {x}", "b x {y}: 0", "b z {w}: 0", "c x {y}: 0"))).toEqual([
    "a [0]",
    "b [1] [2]: 0",
    "c [3]: 0",
  ]);
});

test("fetches that ask the same of the same kind of entity share one list", () => {
  expect(requests(fetches("a {x}", "b x {y}: 0", "b z.@ {y}: 0"))).toEqual(["a [0]", "b [1 2]: 0"]);
});

test("a fetch that nothing waits for travels with the last request to its subgraph", () => {
  expect(requests(fetches("a {x}", "b x {y}: 0", "c x {z}: 0", "b x.z {w}: 2"))).toEqual([
    "a [0]",
    "c [2]: 0",
    "b [1] [3]: 0 1",
  ]);
});

test("a fetch that others wait for does not travel later", () => {
  expect(requests(fetches("a {x}", "b x {y}: 0", "c x.y {z}: 1", "b x.y.z {w}: 2"))).toEqual([
    "a [0]",
    "b [1]: 0",
    "c [2]: 1",
    "b [3]: 2",
  ]);
});

test("root fetches stay requests of their own", () => {
  expect(requests(fetches("a {x}", "b {y}", "a x {z}: 0"))).toEqual(["a [0]", "b [1]", "a [2]: 0"]);
});

test("mutations stay in their order, each alone", () => {
  const planned = fetches("a {x}", "b x {y}: 0", "a {z}: 1", "b z {y}: 2").map((fetch) =>
    fetch.requires ? fetch : { ...fetch, kind: "mutation" as const },
  );
  expect(requests(planned)).toEqual(["a [0]", "b [1]: 0", "a [2]: 1", "b [3]: 2"]);
});
