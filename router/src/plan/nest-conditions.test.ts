import { Kind, parse, print, stripIgnoredCharacters } from "graphql";
import { expect, test } from "vitest";
import { nestConditions } from "./nest-conditions.ts";

function nested(text: string): string {
  const [operation] = parse(text).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error("no operation");
  return stripIgnoredCharacters(print(nestConditions(operation.selectionSet)));
}

test("a second condition of one kind stands in a fragment around", () => {
  expect(
    nested("{ a { ... on B @include(if: $p) @skip(if: $r) @include(if: $q) { c @skip(if: $p) @skip(if: $q) } } }"),
  ).toBe("{a{...@include(if:$q){...on B@include(if:$p)@skip(if:$r){...@skip(if:$q){c@skip(if:$p)}}}}}");
});

test("the same condition twice is one", () => {
  expect(nested("{ a @include(if: $p) @include(if: $p) }")).toBe("{a@include(if:$p)}");
});

test("a selection without any stays as it is", () => {
  expect(nested("{ a @include(if: $p) @skip(if: $q) { b } }")).toBe("{a@include(if:$p)@skip(if:$q){b}}");
});
