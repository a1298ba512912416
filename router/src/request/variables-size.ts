import { CodedError } from "@mib/service/coded-error";

/** Deeper than any input type asks for, and shallow enough for everything that walks values by recursion. */
const NESTING_MAX = 500;

/**
 * Throws OPERATION_LIMIT_EXCEEDED when variables are larger as JSON than the limit, or nested beyond reason. Stops counting
 * at the limit, and costs next to nothing where they are small.
 */
export function checkVariables(variables: Record<string, unknown> | null, bytesMax: number): void {
  if (variables === null) return;
  if (bytesLeft(variables, bytesMax, NESTING_MAX) < 0)
    throw new CodedError("OPERATION_LIMIT_EXCEEDED", `The variables are larger than ${bytesMax} bytes.`, {
      limit: bytesMax,
    });
}

/** What is left of `left` after the value; negative when it does not suffice. */
function bytesLeft(value: unknown, left: number, levels: number): number {
  if (typeof value === "string") return left - Buffer.byteLength(value) - 2;
  if (typeof value !== "object" || value === null) return left - String(value).length;
  if (levels === 0) throw new CodedError("OPERATION_LIMIT_EXCEEDED", "The variables are nested too deeply.");
  left -= 2;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && left >= 0; i++) left = bytesLeft(value[i], left, levels - 1) - (i > 0 ? 1 : 0);
    return left;
  }
  let separator = 0;
  for (const key in value) {
    if (left < 0) return left;
    left -= Buffer.byteLength(key) + 3 + separator;
    left = bytesLeft((value as Record<string, unknown>)[key], left, levels - 1);
    separator = 1;
  }
  return left;
}
