import { CodedError } from "@mib/service/coded-error";
import type { OperationParams } from "../request/operation-runner.ts";

export interface GraphqlParams extends OperationParams {
  extensions: Record<string, unknown> | null;
}

/** The parameters in the body of a POST. Throws BAD_REQUEST, or BATCHING_NOT_SUPPORTED for a list. */
export function paramsFromBody(text: string): GraphqlParams {
  if (text === "") throw new CodedError("BAD_REQUEST", "The body is empty.");
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new CodedError("BAD_REQUEST", "The body is not JSON.");
  }
  if (Array.isArray(body)) throw new CodedError("BATCHING_NOT_SUPPORTED");
  if (typeof body !== "object" || body === null) throw new CodedError("BAD_REQUEST", "The body must be a JSON object.");
  return checkParams(body as Record<string, unknown>);
}

/** The parameters in the query string of a GET. */
export function paramsFromUrl(search: URLSearchParams): GraphqlParams {
  return checkParams({
    query: search.get("query"),
    operationName: search.get("operationName"),
    variables: parsed(search, "variables"),
    extensions: parsed(search, "extensions"),
  });
}

/** Also for the payload of a WebSocket's `subscribe`, which has the same shape. */
export function checkParams({ query, operationName, variables, extensions }: Record<string, unknown>): GraphqlParams {
  if (typeof query !== "string") throw new CodedError("BAD_REQUEST", 'The parameter "query" must be a string.');
  if (operationName != null && typeof operationName !== "string")
    throw new CodedError("BAD_REQUEST", 'The parameter "operationName" must be a string.');
  if (!isMapOrNothing(variables)) throw new CodedError("BAD_REQUEST", 'The parameter "variables" must be an object.');
  if (!isMapOrNothing(extensions)) throw new CodedError("BAD_REQUEST", 'The parameter "extensions" must be an object.');
  return { query, operationName: operationName || null, variables: variables ?? null, extensions: extensions ?? null };
}

function isMapOrNothing(value: unknown): value is Record<string, unknown> | null | undefined {
  return value == null || (typeof value === "object" && !Array.isArray(value));
}

function parsed(search: URLSearchParams, name: string): unknown {
  const text = search.get(name);
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new CodedError("BAD_REQUEST", `The parameter "${name}" is not JSON.`);
  }
}
