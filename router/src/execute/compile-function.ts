/**
 * Compiles a function from code that the router wrote itself. Everything that comes from a schema or an operation must
 * enter the code through `quote` or `propertyOf`, or not as code at all but through `scope`.
 */
export function compileFunction<T>(
  parameters: readonly string[],
  body: string,
  scope: Readonly<Record<string, unknown>> = {},
): T {
  return evaluate<T>(`return function(${parameters.join(",")}){${body}}`, scope);
}

/** Runs code that returns a value, with the names of `scope` at hand. */
function evaluate<T>(code: string, scope: Readonly<Record<string, unknown>>): T {
  // oxlint-disable-next-line no-implied-eval -- compiled once per operation; see the rule above
  return new Function(...Object.keys(scope), `"use strict";${code}`)(...Object.values(scope)) as T;
}

const KEPT_MAX = 10_000;
const KEPT_CHARACTERS_MAX = 4_194_304;
const kept = new Map<string, unknown>();
let keptCharacters = 0;

/**
 * Like `evaluate`, for code whose scope is always the same: what many operations have in common is compiled once, and is
 * fast for all of them once it is for one.
 */
export function evaluateOnce<T>(code: string, scope: Readonly<Record<string, unknown>> = {}): T {
  let value = kept.get(code);
  if (value === undefined) {
    value = evaluate(code, scope);
    kept.set(code, value);
    keptCharacters += code.length;
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT_MAX && keptCharacters <= KEPT_CHARACTERS_MAX) break;
      kept.delete(oldest);
      keptCharacters -= oldest.length;
    }
  }
  return value as T;
}

/** A JavaScript string literal. */
export function quote(text: string): string {
  return JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

const GRAPHQL_NAME = /^[_A-Za-z][_0-9A-Za-z]*$/;

/** Code that reads a property. */
export function propertyOf(object: string, name: string): string {
  return GRAPHQL_NAME.test(name) ? `${object}.${name}` : `${object}[${quote(name)}]`;
}
