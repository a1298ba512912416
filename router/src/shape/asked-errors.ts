import type { ResponseError, ResponsePath } from "../execute/execution.ts";

/**
 * The errors without those of fields that the client did not ask for: a plan may fetch a field for objects of more types
 * than it was selected for. An error whose place is not in the answer stays where a field of the same object is null and no
 * other error explains that, because a field that was fetched as another one's input has no place there either.
 * `withContexts`: fields further inside may have got their arguments from it.
 */
export function askedErrors(
  errors: readonly ResponseError[],
  data: string,
  { withContexts }: { withContexts: boolean },
): readonly ResponseError[] {
  const answer: unknown = JSON.parse(data);
  const places = errors.map(({ path }) => placeOf(answer, path ?? []));
  if (places.every((place) => place.isThere)) return errors;
  const explained = new Set<string>();
  for (const { isThere, path } of places) if (isThere) explained.add(path.join());
  return errors.filter(
    (_, index) => places[index]!.isThere || hasOtherNull(places[index]!, explained, withContexts ? Infinity : 1),
  );
}

interface Place {
  /** The value at the path, or the null above it; where there is neither, the object that should have it. */
  value: unknown;
  path: ResponsePath;
  isThere: boolean;
}

function placeOf(answer: unknown, path: ResponsePath): Place {
  let value = answer;
  for (const [length, step] of path.entries()) {
    if (typeof value !== "object" || value === null) return { value, path: path.slice(0, length), isThere: true };
    if (!Object.hasOwn(value, step)) return { value, path: path.slice(0, length), isThere: false };
    value = (value as Record<string | number, unknown>)[step];
  }
  return { value, path, isThere: true };
}

function hasOtherNull(
  { value, path }: Pick<Place, "value" | "path">,
  explained: ReadonlySet<string>,
  depth: number,
): boolean {
  if (value === null) return !explained.has(path.join());
  if (typeof value !== "object" || depth === 0) return false;
  return Object.entries(value).some(([step, inner]) =>
    hasOtherNull({ value: inner, path: [...path, step] }, explained, depth - 1),
  );
}
