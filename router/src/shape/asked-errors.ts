import type { ResponseError, ResponsePath } from "../execute/execution.ts";

/**
 * The errors without those of fields that the client did not ask for: a plan may fetch a field for objects of more types
 * than it was selected for. An error whose place is not in the answer stays where its field may be the reason why a field of
 * the same object is null, as one that was fetched as the other's input, and no other error explains that null: `explaining` has
 * the client's names of such fields.
 */
export function askedErrors(
  errors: readonly ResponseError[],
  data: string,
  explaining: ReadonlySet<string>,
): readonly ResponseError[] {
  const answer: unknown = JSON.parse(data);
  const places = errors.map(({ path }) => placeOf(answer, path ?? []));
  if (places.every((place) => place.isThere)) return errors;
  const explained = new Set<string>();
  for (const { isThere, path } of places) if (isThere) explained.add(path.join());
  return errors.filter((error, index) => {
    const place = places[index]!;
    if (place.isThere) return true;
    const missing = error.path![place.path.length]!;
    return explaining.has(String(missing)) && hasOtherNull(place, explained);
  });
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

function hasOtherNull({ value, path }: Pick<Place, "value" | "path">, explained: ReadonlySet<string>): boolean {
  if (value === null) return !explained.has(path.join());
  if (typeof value !== "object") return false;
  return Object.entries(value).some(([step, inner]) => inner === null && !explained.has([...path, step].join()));
}
