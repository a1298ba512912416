import { readFileSync } from "node:fs";
import { Kind, parse, print, type DefinitionNode } from "graphql";
import { expect, test } from "vitest";

/** What both files define is printed without descriptions of the whole type and without directives that belong to one side. */
function definitionsOf(file: string): Map<string, string> {
  const { definitions } = parse(readFileSync(new URL(`../${file}`, import.meta.url), "utf8"));
  return new Map(
    definitions.flatMap((definition) => (isShared(definition) ? [[definition.name.value, print(definition)]] : [])),
  );
}

function isShared(definition: DefinitionNode): definition is DefinitionNode & { name: { value: string } } {
  const kinds: readonly string[] = [
    Kind.OBJECT_TYPE_DEFINITION,
    Kind.ENUM_TYPE_DEFINITION,
    Kind.SCALAR_TYPE_DEFINITION,
  ];
  return kinds.includes(definition.kind);
}

const own = definitionsOf("schema.graphql");
const streams = definitionsOf("streams.graphql");

test.each(
  [...streams.keys()].filter(
    (name) => !["Subscription", "Instrument", "Sensor", "Delivery", "Snapshot"].includes(name),
  ),
)("%s is the same in the schema and in the streams", (name) => {
  expect(streams.get(name)).toBe(own.get(name));
});

test("value types are shared, and instruments in events are keys", () => {
  for (const name of ["Quote", "Trade", "Bar", "SensorReading"]) expect(own.get(name)).toContain("@shareable");
  expect(streams.get("Instrument")).toBe(
    'type Instrument @key(fields: "symbol", resolvable: false) {\n  symbol: ID!\n}',
  );
});
