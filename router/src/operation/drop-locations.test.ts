import { type ASTNode, GraphQLError, parse, print, visit } from "graphql";
import { expect, test } from "vitest";
import { dropLocations } from "./drop-locations.ts";

const TEXT =
  "query Q($first: Int = 3) {\n  list(first: $first) { ...F @include(if: true) }\n}\nfragment F on T { a: b }";

function dropped() {
  const document = parse(TEXT);
  dropLocations(document);
  return document;
}

test("only the definitions of variables say where they stand, and hold no tokens", () => {
  const document = dropped();
  const located = new Map<string, string[]>();
  const enter = ({ kind, loc }: ASTNode) => void (loc && located.set(kind, Object.keys(loc)));
  visit(document, { enter });
  expect([...located.keys()].sort()).toEqual(["IntValue", "Name", "NamedType", "Variable", "VariableDefinition"]);
  for (const keys of located.values()) expect(keys).toEqual(["start", "end", "source"]);
  expect(print(document)).toBe(print(parse(TEXT)));
});

test("an error about a variable still says where it stands", () => {
  const [operation] = dropped().definitions;
  if (operation?.kind !== "OperationDefinition") throw new Error("the operation is the first definition");
  const error = new GraphQLError("bad", { nodes: operation.variableDefinitions ?? [] });
  expect(error.locations).toEqual([{ line: 1, column: 9 }]);
});
