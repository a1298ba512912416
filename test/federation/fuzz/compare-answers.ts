import type { Answer } from "./fuzzed-federation.ts";
import type { Faults } from "./world.ts";

export type Path = readonly (string | number)[];

/** How the difference begins where the router knows no plan: worse than an answer, and better than a wrong one. */
export const REFUSED = "refused:";

/** What is wrong with the router's answer; null when nothing is. */
export function differenceOf(answer: Answer, expected: Answer, faults: Faults): string | null {
  if (answer.data === undefined) return `${REFUSED} ${answer.errors?.[0]?.message}`;
  const codeless = answer.errors?.find(({ extensions }) => typeof extensions?.["code"] !== "string");
  if (codeless) return `an error without a code: ${codeless.message}`;
  if (faults.requestLost >= 0) return lostDifference(answer, expected);
  if (textOf(answer.data) !== textOf(expected.data))
    return `other data ${firstDifference(answer.data, expected.data, [])}`;
  return errorDifference(answer, expected);
}

/** Each null that an error made has one, and each error has a null: which of several errors tells of it is open. */
function errorDifference(answer: Answer, expected: Answer): string | null {
  const nulled = (errors: Answer["errors"]) =>
    (errors ?? []).map(({ path }) => nullOn(answer.data, path ?? [])?.join("."));
  const [told, due] = [nulled(answer.errors), nulled(expected.errors)];
  const beside = told.findIndex((place) => place === undefined);
  if (beside !== -1) return `an error where nothing is null: ${JSON.stringify(answer.errors![beside])}`;
  const missing = due.findIndex((place) => !told.includes(place));
  if (missing !== -1) return `no error for ${JSON.stringify(expected.errors![missing]!.path)}`;
  const extra = told.findIndex((place) => !due.includes(place));
  return extra === -1 ? null : `an error for nothing: ${JSON.stringify(answer.errors![extra])}`;
}

/** The beginning of a path that ends at a null. */
export function nullOn(data: unknown, path: Path): Path | undefined {
  let value = data;
  for (let length = 0; ; length++) {
    if (value === null) return path.slice(0, length);
    if (length === path.length || typeof value !== "object") return undefined;
    value = (value as Record<string | number, unknown>)[path[length]!];
  }
}

/** Less may come, but nothing else, and not without an error. */
function lostDifference(answer: Answer, expected: Answer): string | null {
  const lost: Path[] = [];
  const taken = (expected.errors ?? []).map(({ path = [] }) => path);
  const other = otherThanLost(answer.data, expected.data, { path: [], lost, taken });
  if (other) return `other data at ${other.join(".")}`;
  if (lost.length > 0 && !answer.errors?.length) return `nothing says why ${lost[0]!.join(".")} is null`;
  const unexplained = lost.find(
    (path) =>
      !answer.errors?.some(
        (error) => error.path === undefined || startsWith(error.path, path) || startsWith(path, error.path),
      ),
  );
  return unexplained ? `nothing says why ${unexplained.join(".")} is null` : null;
}

interface LostPlace {
  path: Path;
  /** Nulls that should be something are collected in it. */
  lost: Path[];
  /** The fields that have an error where nothing is lost. */
  taken: readonly Path[];
}

/**
 * The first place that is neither equal nor null. An object that should be null for a field in it may be there: where the
 * request was lost that would have told its type, its interface leaves that field null.
 */
function otherThanLost(actual: unknown, expected: unknown, place: LostPlace): Path | null {
  const { path, lost, taken } = place;
  if (actual === null && expected !== null) {
    lost.push(path);
    return null;
  }
  if (isRecord(actual) && expected === null) {
    const inside = taken.filter((each) => each.length > path.length && startsWith(each, path));
    const isNull = inside.map((each) => nullOn(actual, each.slice(path.length))).find((each) => each !== undefined);
    if (isNull) lost.push([...path, ...isNull]);
    return isNull ? null : path;
  }
  if (Array.isArray(actual) && Array.isArray(expected) && actual.length === expected.length) {
    for (const [index, each] of actual.entries()) {
      const other = otherThanLost(each, expected[index], { ...place, path: [...path, index] });
      if (other) return other;
    }
    return null;
  }
  if (isRecord(actual) && isRecord(expected) && hasSameKeys(actual, expected)) {
    for (const key of Object.keys(actual)) {
      const other = otherThanLost(actual[key], expected[key], { ...place, path: [...path, key] });
      if (other) return other;
    }
    return null;
  }
  return textOf(actual) === textOf(expected) ? null : path;
}

export function firstDifference(actual: unknown, expected: unknown, path: Path): string {
  if (Array.isArray(actual) && Array.isArray(expected) && actual.length === expected.length) {
    const index = actual.findIndex((each, at) => textOf(each) !== textOf(expected[at]));
    return firstDifference(actual[index], expected[index], [...path, index]);
  }
  if (isRecord(actual) && isRecord(expected) && hasSameKeys(actual, expected)) {
    const key = Object.keys(actual).find((each) => textOf(actual[each]) !== textOf(expected[each]))!;
    return firstDifference(actual[key], expected[key], [...path, key]);
  }
  return `at ${path.join(".")}: ${JSON.stringify(actual)} for ${JSON.stringify(expected)}`;
}

export function startsWith(path: Path, beginning: Path): boolean {
  return beginning.every((step, index) => path[index] === step);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasSameKeys(left: object, right: object): boolean {
  return Object.keys(left).sort().join() === Object.keys(right).sort().join();
}

/** Without the order of an object's fields. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    isRecord(each) ? Object.fromEntries(Object.entries(each).sort(([left], [right]) => (left < right ? -1 : 1))) : each,
  );
}
