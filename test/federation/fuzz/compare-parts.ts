import { differenceOf, firstDifference, isRecord, nullOn, startsWith, textOf, type Path } from "./compare-answers.ts";
import type { ExpectedPart } from "./expected-parts.ts";
import type { Answer } from "./fuzzed-federation.ts";
import type { Faults } from "./world.ts";

/** A payload of incremental delivery. */
export interface Payload extends Answer {
  hasNext?: boolean;
  incremental?: readonly (Answer & { label?: string; path: Path })[];
}

/** What is wrong with an answer in parts; null when nothing is. `whole` is the answer as if nothing were deferred. */
export function partsDifference(
  payloads: readonly Payload[],
  expected: readonly ExpectedPart[],
  { whole, faults }: { whole: Answer; faults: Faults },
): string | null {
  return new PartsComparison(expected, faults).differenceOf(payloads, whole);
}

/** A client that puts together what comes, and looks at each part as it does. */
class PartsComparison {
  readonly #expected: readonly ExpectedPart[];
  readonly #faults: Faults;
  readonly #arrived = new Map<ExpectedPart, Answer>();
  #errors: NonNullable<Answer["errors"]> = [];
  #data: unknown;

  constructor(expected: readonly ExpectedPart[], faults: Faults) {
    this.#expected = expected;
    this.#faults = faults;
  }

  differenceOf(payloads: readonly Payload[], whole: Answer): string | null {
    for (const [index, { hasNext, incremental, ...rest }] of payloads.entries()) {
      if (hasNext !== index < payloads.length - 1)
        return `parts: payload ${index} of ${payloads.length} says ${hasNext}`;
      if ((index === 0) !== (incremental === undefined)) return `parts: payload ${index} is of the other kind`;
      if (incremental?.length === 0 || (index > 0 && Object.keys(rest).length > 0))
        return `parts: payload ${index} has ${JSON.stringify(rest)} and ${incremental?.length} parts`;
      const parts = incremental ?? [{ ...rest, path: [] }];
      for (const part of parts) {
        const difference = this.#add(part, index === 0);
        if (difference) return difference;
      }
    }
    return this.#missing() ?? this.#otherThan(whole);
  }

  #add(part: Answer & { label?: string; path: Path }, isFirst: boolean): string | null {
    const name = isFirst
      ? "what comes at once"
      : `the part ${part.label ?? "without a label"} at ${part.path.join(".")}`;
    const isMeant = ({ around, label, path }: ExpectedPart) =>
      isFirst === (around.length === 0) && label === (part.label ?? null) && path.join() === part.path.join();
    const due = this.#expected.find(isMeant);
    if (!due) return `parts: nobody asked for ${name}`;
    if (this.#arrived.has(due)) return `parts: ${name} comes twice`;
    if (!isFirst && !due.around.some((each) => this.#arrived.has(each)))
      return `parts: ${name} comes before the one around it`;
    const target = valueOn(this.#data, part.path);
    if (!isFirst && !isRecord(target)) return `parts: ${name} belongs to nothing`;
    const elsewhere = part.errors?.find(({ path }) => path !== undefined && !startsWith(path, part.path));
    if (elsewhere) return `parts: ${name} has an error elsewhere: ${JSON.stringify(elsewhere)}`;
    // What came before may have told of the same null.
    const told = [...(part.errors ?? []), ...this.#errors.filter(({ path }) => this.#isTold(path, part))];
    const place = (errors: Answer["errors"]) =>
      errors?.map((error) => ({ ...error, ...(error.path && { path: error.path.slice(part.path.length) }) }));
    const difference = differenceOf(
      { data: part.data, errors: place(told)! },
      { data: due.answer.data, errors: place(due.answer.errors)! },
      this.#faults,
    );
    if (difference) return `parts: ${name}: ${difference}`;
    this.#arrived.set(due, part);
    this.#errors = [...this.#errors, ...(part.errors ?? [])];
    if (isFirst) this.#data = structuredClone(part.data);
    else if (part.data !== null) merge(target as Record<string, unknown>, part.data as Record<string, unknown>);
    return null;
  }

  #isTold(path: Path | undefined, { path: beginning, data }: { path: Path; data?: unknown }): boolean {
    if (path === undefined) return true;
    return startsWith(path, beginning) && data !== null && nullOn(data, path.slice(beginning.length)) !== undefined;
  }

  /** A part that did not come though nothing took its object away. */
  #missing(): string | null {
    const missing = this.#expected.find(
      (part) =>
        !this.#arrived.has(part) &&
        (part.around.length === 0 || part.around.some((each) => this.#hasObject(each, part.path))),
    );
    return missing ? `parts: ${missing.label} at ${missing.path.join(".")} does not come` : null;
  }

  /** Whether a part came with the object at a path in it: a null that a lost request made has no parts, whatever comes later. */
  #hasObject(part: ExpectedPart, path: Path): boolean {
    const data = this.#arrived.get(part)?.data;
    if (this.#faults.requestLost < 0) return Boolean(data);
    return isRecord(valueOn(data, path.slice(part.path.length)));
  }

  /** All parts together are the whole answer, where a null that may not be one took less from a part than from the whole. */
  #otherThan(whole: Answer): string | null {
    if (this.#faults.requestLost >= 0) return null;
    const together = { data: this.#data };
    for (const { path = [] } of whole.errors ?? []) {
      const place = nullOn(whole.data, path);
      if (place && place.length < path.length) putNull(together, ["data", ...place]);
    }
    if (textOf(together.data) === textOf(whole.data)) return null;
    return `parts: together they are other data ${firstDifference(together.data, whole.data, [])}`;
  }
}

function putNull(data: Record<string, unknown>, path: Path): void {
  const object = valueOn(data, path.slice(0, -1));
  if (isMergeable(object)) object[path.at(-1)!] = null;
}

function merge(target: Record<string, unknown>, source: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(source)) {
    const known = valueOn(target, [key]);
    if (isMergeable(known) && isMergeable(value)) merge(known, value);
    else if (known === undefined || known === null) target[key] = structuredClone(value);
  }
}

/** Lists merge element by element, as records of their indexes do. */
function isMergeable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function valueOn(data: unknown, path: Path): unknown {
  let value = data;
  for (const step of path) value = isMergeable(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  return value;
}
