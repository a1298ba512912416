import fc from "fast-check";
import { buildSchema } from "graphql";
import { expect, test } from "vitest";
import type { RequiredSelection } from "../plan/fetch-plan.ts";
import { Representations } from "./representation.ts";

const schema = buildSchema(`
  type Query { node: Node }
  interface Node { id: ID! }
  type Ship implements Node { id: ID! name: String flag: Int hull: Hull owners: [Node] }
  type Person implements Node { id: ID! born: Int }
  type Hull { yard: String number: Int }`);

const field = (name: string, selections: RequiredSelection[] | null = null, write = name): RequiredSelection => ({
  kind: "field",
  read: name,
  write,
  selections,
});
const on = (type: string, ...selections: RequiredSelection[]): RequiredSelection => ({
  kind: "fragment",
  on: type,
  selections,
});

function represent(
  requires: RequiredSelection[],
  entities: Record<string, unknown>[],
  rewrites: ConstructorParameters<typeof Representations>[2] = [],
) {
  const texts: string[] = [];
  const representations = new Representations(schema, requires, rewrites);
  const adder = representations.adderFor("Ship")?.(texts, JSON.stringify);
  const indexes = entities.map((entity) => adder?.(entity) ?? -1);
  return { indexes, sent: texts.map((text) => JSON.parse(text) as unknown) };
}

const scalars = [on("Ship", field("__typename"), field("id"), field("name"), field("flag"))];

test("entities with equal inputs are sent once, and each knows which one is its own", () => {
  const value = fc.oneof(fc.constantFrom(null, "a", 'b"\\', 1, true), fc.string());
  const entity = fc.record({ id: fc.constantFrom("1", "2", null), name: value, flag: value });
  fc.assert(
    fc.property(fc.array(entity, { maxLength: 80 }), (entities) => {
      const { indexes, sent } = represent(scalars, entities);
      entities.forEach((each, position) => expect(sent[indexes[position]!]).toEqual({ __typename: "Ship", ...each }));
      expect(new Set(sent.map((each) => JSON.stringify(each))).size).toBe(sent.length);
    }),
  );
});

test("many entities that differ only in the last input are still told apart", () => {
  const entities = Array.from({ length: 300 }, (_, index) => ({ id: null, name: null, flag: index % 100 }));
  const { indexes, sent } = represent(scalars, entities);
  expect(sent).toHaveLength(100);
  indexes.forEach((index, position) => expect(sent[index]).toMatchObject({ flag: position % 100 }));
});

test("an entity that lacks an input is left out, one whose input is null is not", () => {
  const { indexes, sent } = represent(scalars, [
    { id: "1", name: "x" },
    { id: "2", name: null, flag: 1 },
  ]);
  expect(indexes).toEqual([-1, 0]);
  expect(sent).toEqual([{ __typename: "Ship", id: "2", name: null, flag: 1 }]);
});

test("nested inputs are picked by the type of each object", () => {
  const requires = [
    on("Node", field("__typename"), field("id")),
    on("Ship", field("hull", [field("yard")]), field("owners", [on("Person", field("born")), on("Node", field("id"))])),
  ];
  const hull = { yard: "A", number: 1 };
  const owners = [{ __typename: "Person", id: "p", born: 1900 }, { __typename: "Ship", id: "s" }, null];
  const { sent, indexes } = represent(requires, [
    { id: "1", hull, owners },
    { id: "1", hull: { yard: "A" }, owners },
    { id: "2", hull: {}, owners },
  ]);
  expect(indexes).toEqual([0, 0, -1]);
  expect(sent).toEqual([
    { __typename: "Ship", id: "1", hull: { yard: "A" }, owners: [{ born: 1900, id: "p" }, { id: "s" }, null] },
  ]);
});

test("an input may be read under another name than it is sent", () => {
  const requires = [on("Ship", field("__typename"), field("_rq0_name", null, "name"))];
  expect(represent(requires, [{ _rq0_name: "x", name: "y" }]).sent).toEqual([{ __typename: "Ship", name: "x" }]);
});

test("a rewrite changes what is sent and leaves the entity alone", () => {
  const entity = { __typename: "Ship", id: "1" };
  const rewrite = { kind: "set", path: ["... on Ship"], field: "__typename", value: "Node" } as const;
  expect(represent([on("Ship", field("__typename"), field("id"))], [entity], [rewrite]).sent).toEqual([
    { __typename: "Node", id: "1" },
  ]);
  expect(entity.__typename).toBe("Ship");
  const other = { ...rewrite, path: ["... on Person"] };
  expect(represent([on("Ship", field("__typename"), field("id"))], [entity], [other]).sent).toEqual([
    { __typename: "Ship", id: "1" },
  ]);
});

test("a type that the fetch is not about, or that does not exist, has no adder", () => {
  const representations = new Representations(schema, [on("Person", field("__typename"), field("born"))], []);
  expect(representations.adderFor("Ship")).toBeNull();
  expect(representations.adderFor("constructor")).toBeNull();
});
