import { GraphQLError, parse, print, visit } from "graphql";
import { expect, test } from "vitest";
import { dropLocations } from "./drop-locations.ts";

const TEXT =
  "query Q($first: Int = 3) {\n  list(first: $first) { ...F @include(if: true) }\n}\nfragment F on T { a: b }";

test("only variables say where they stand, and hold no tokens", () => {
  const document = parse(TEXT);
  dropLocations(document);
  const located = new Set<string>();
  visit(document, { enter: (node) => void (node.loc && located.add(node.kind)) });
  expect([...located].sort()).toEqual(["IntValue", "Name", "NamedType", "Variable", "VariableDefinition"]);
  visit(document, { enter: ({ loc }) => expect(Object.keys(loc ?? {})).not.toContain("startToken") });
  expect(print(document)).toBe(print(parse(TEXT)));
});

test("an error about a variable still says where it stands", () => {
  const document = parse(TEXT);
  dropLocations(document);
  const [operation] = document.definitions;
  const nodes = operation!.kind === "OperationDefinition" ? operation.variableDefinitions : [];
  expect(new GraphQLError("bad", { nodes }).locations).toEqual([{ line: 1, column: 9 }]);
});
