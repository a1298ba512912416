import { expect, test } from "vitest";
import { askedErrors } from "./asked-errors.ts";

const error = (...path: (string | number)[]) => ({ message: path.join("."), path, extensions: {} });
const EXPLAINING = new Map([["c", new Set(["b", "d"])]]);
const left = (data: unknown, ...errors: ReturnType<typeof error>[]) =>
  askedErrors(errors, JSON.stringify(data), EXPLAINING).map(({ message }) => message);

test("an error of a field that is not in the answer goes", () => {
  expect(left({ a: [{ b: 1 }, { b: null }] }, error("a", 0, "c"), error("a", 1, "b"))).toEqual(["a.1.b"]);
});

test("it stays where a field of the object is null, which may be missing for it", () => {
  expect(left({ a: { b: null, e: 1 } }, error("a", "c"))).toEqual(["a.c"]);
  expect(left({ a: { b: { d: null }, e: 1 } }, error("a", "c"))).toEqual([]);
  expect(left({ a: [{ b: null, e: [{ e: 1 }] }] }, error("a", 0, "e", 0, "c"))).toEqual(["a.0.e.0.c"]);
  expect(left({ a: null }, error("a", "c"))).toEqual(["a.c"]);
  expect(left(null, error("a"))).toEqual(["a"]);
});

test("it goes where nothing can be null because of the field", () => {
  expect(left({ a: { b: 1, e: null } }, error("a", "c"))).toEqual([]);
  expect(left({ a: { b: null } }, error("a", "e"))).toEqual([]);
});

test("it goes where another error explains each null near it", () => {
  expect(left({ a: [{ b: null }] }, error("a", 0, "b"), error("a", 0, "c"))).toEqual(["a.0.b"]);
  expect(left({ a: [{ b: null }] }, error("a", 0, "c"), error("a", 0, "b", "x"))).toEqual(["a.0.b.x"]);
  expect(left({ a: [{ b: null, d: null }] }, error("a", 0, "b"), error("a", 0, "c"))).toEqual(["a.0.b", "a.0.c"]);
});

test("an error without a path stays", () => {
  const errors = [{ message: "all", extensions: {} }, error("c")];
  expect(askedErrors(errors, `{"a":1}`, EXPLAINING)).toEqual([errors[0]]);
});
