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
export function evaluate<T>(code: string, scope: Readonly<Record<string, unknown>>): T {
  // oxlint-disable-next-line no-implied-eval -- compiled once per operation; see the rule above
  return new Function(...Object.keys(scope), `"use strict";${code}`)(...Object.values(scope)) as T;
}

const KEPT_MAX = 10_000;
const kept = new Map<string, unknown>();

/**
 * Like `evaluate`, for code whose scope is always the same: what many operations have in common is compiled once, and is
 * fast for all of them once it is for one.
 */
export function evaluateOnce<T>(code: string, scope: Readonly<Record<string, unknown>> = {}): T {
  let value = kept.get(code);
  if (value === undefined) {
    value = evaluate(code, scope);
    if (kept.size >= KEPT_MAX) kept.delete(kept.keys().next().value!);
    kept.set(code, value);
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
