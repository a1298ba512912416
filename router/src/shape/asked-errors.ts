import type { ResponseError, ResponsePath } from "../execute/execution.ts";
import type { ExplainingNames } from "../plan/explaining-names.ts";

/**
 * The errors without those of fields that the client did not ask for: a plan may fetch a field for objects of more types
 * than it was selected for. An error whose place is not in the answer stays where its field may be the reason why a field of
 * the same object, or of one around it, is null, as one that was fetched as the other's input, and no other error explains
 * that null: `explaining` says of which fields.
 */
export function askedErrors(
  errors: readonly ResponseError[],
  data: string,
  explaining: ExplainingNames,
): readonly ResponseError[] {
  const answer: unknown = JSON.parse(data);
  const places = errors.map(({ path }) => placeOf(answer, path ?? []));
  if (places.every(({ isThere }) => isThere)) return errors;
  const explained = new Set<string>();
  for (const { isThere, path } of places) if (isThere) explained.add(path.join());
  return errors.filter((error, index) => {
    const { isThere, path } = places[index]!;
    if (isThere) return true;
    const missing = error.path![path.length]!;
    const names = explaining.get(String(missing));
    return names !== undefined && hasOtherNull(answer, path, names, explained);
  });
}

interface Place {
  /** Of the value, or of the null above it; where there is neither, of the object that should have it. */
  path: ResponsePath;
  isThere: boolean;
}

function placeOf(answer: unknown, path: ResponsePath): Place {
  let value = answer;
  for (const [length, step] of path.entries()) {
    if (typeof value !== "object" || value === null) return { path: path.slice(0, length), isThere: true };
    if (!Object.hasOwn(value, step)) return { path: path.slice(0, length), isThere: false };
    value = (value as Record<string | number, unknown>)[step];
  }
  return { path, isThere: true };
}

/** Whether the object at a path, or one around it, has a null under one of the names that no other error explains. */
function hasOtherNull(
  answer: unknown,
  path: ResponsePath,
  names: ReadonlySet<string>,
  explained: ReadonlySet<string>,
): boolean {
  let value = answer;
  for (let length = 0; ; length++) {
    for (const [name, inner] of Object.entries(value as object))
      if (inner === null && names.has(name) && !explained.has([...path.slice(0, length), name].join())) return true;
    if (length === path.length) return false;
    value = (value as Record<string | number, unknown>)[path[length]!];
  }
}
