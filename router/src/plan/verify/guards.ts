import type { Guard } from "../../shape/collect-fields.ts";

/** Whether, wherever the guard holds, at least one of the others does. */
export function isImplied(guard: Guard, others: readonly Guard[]): boolean {
  const given = new Map(guard.map(({ variable, expected }) => [variable, expected]));
  let open: string | null = null;
  for (const other of others) {
    if (other.some(({ variable, expected }) => (given.get(variable) ?? expected) !== expected)) continue;
    const unknown = other.find(({ variable }) => !given.has(variable));
    if (!unknown) return true;
    open ??= unknown.variable;
  }
  if (open === null) return false;
  const variable = open;
  return [true, false].every((expected) => isImplied([...guard, { variable, expected }], others));
}

/** Past that many ways something can come about, the others are as good as none: what is refused is not answered wrong. */
const WAYS_MAX = 64;

/** When one of the left holds together with one of the right. */
export function allOf(left: readonly Guard[], right: readonly Guard[]): Guard[] {
  const both: Guard[] = [];
  for (const one of left) {
    for (const other of right) {
      const guard = together(one, other);
      if (guard !== null && both.length < WAYS_MAX && !isImplied(guard, both)) both.push(guard);
    }
  }
  return both;
}

/** Null when they contradict each other. */
function together(left: Guard, right: Guard): Guard | null {
  const joined = [...left];
  for (const condition of right) {
    const known = left.find(({ variable }) => variable === condition.variable);
    if (!known) joined.push(condition);
    else if (known.expected !== condition.expected) return null;
  }
  return joined;
}
