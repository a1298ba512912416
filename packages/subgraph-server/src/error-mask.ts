import { CodedError } from "@mib/service/coded-error";
import { ERROR_CATALOGUE, type ErrorCode } from "@mib/service/error-catalogue";
import type { Logger } from "@mib/service/log";
import type { GraphQLError } from "graphql";
import { createGraphQLError } from "graphql-yoga";
import { isDatabaseDown } from "./database-down.ts";
import { isGraphQLError } from "./graphql-error.ts";
import { isUnstorableText } from "./unstorable-text.ts";

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  405: "METHOD_NOT_ALLOWED",
  406: "BAD_REQUEST",
  413: "REQUEST_TOO_LARGE",
  415: "BAD_REQUEST",
};

interface HttpExtension {
  status?: number;
  spec?: boolean;
  headers?: Record<string, string>;
}

/**
 * Decides what a caller sees of an error. A coded error keeps its message, code and details; what graphql-js says about
 * the request keeps its message and gets a code; a database that can't be reached is SERVICE_UNAVAILABLE, a text that it can't
 * hold BAD_USER_INPUT; everything else is logged and becomes INTERNAL_ERROR.
 */
export function createErrorMask(log: Logger): (error: unknown) => Error {
  return (error) => {
    const coded = codedErrorIn(error);
    if (coded) return show(coded.message, coded.code, error, coded.details);
    if (isGraphQLError(error) && isAboutTheRequest(error)) {
      return show(error.message, codeOfRequestError(error), error);
    }
    if (isDatabaseDown(rootOf(error))) {
      log.warn({ err: rootOf(error) }, "the database cannot be reached");
      return show(ERROR_CATALOGUE.SERVICE_UNAVAILABLE.meaning, "SERVICE_UNAVAILABLE", error);
    }
    if (isUnstorableText(rootOf(error)))
      return show("A text must not contain the character U+0000.", "BAD_USER_INPUT", error);
    log.error({ err: rootOf(error), path: isGraphQLError(error) ? error.path : undefined }, "an operation failed");
    return show(ERROR_CATALOGUE.INTERNAL_ERROR.meaning, "INTERNAL_ERROR", error);
  };
}

function codedErrorIn(error: unknown): CodedError | undefined {
  const root = rootOf(error);
  return root instanceof CodedError ? root : undefined;
}

/** What was thrown first: graphql-js and its like wrap it, some of them more than once. */
function rootOf(error: unknown): unknown {
  let root = error;
  while (isGraphQLError(root) && root.originalError) root = root.originalError;
  return root;
}

/** graphql-js speaks with bare GraphQLErrors; a bug in a resolver always has an original error of another kind. */
function isAboutTheRequest(error: GraphQLError): boolean {
  return isGraphQLError(rootOf(error)) && !error.extensions.unexpected;
}

function codeOfRequestError(error: GraphQLError): ErrorCode {
  const { code, http } = error.extensions as { code?: string; http?: HttpExtension };
  if (code !== undefined && code in ERROR_CATALOGUE) return code as ErrorCode;
  return (http?.status !== undefined && CODE_OF_STATUS[http.status]) || "BAD_USER_INPUT";
}

function show(
  message: string,
  code: ErrorCode,
  error: unknown,
  details: Readonly<Record<string, unknown>> = {},
): GraphQLError {
  const located = isGraphQLError(error) ? error : undefined;
  const http = located?.extensions.http;
  return createGraphQLError(message, {
    ...(located?.nodes ? { nodes: located.nodes } : {}),
    ...(located?.source ? { source: located.source } : {}),
    ...(located?.positions ? { positions: located.positions } : {}),
    ...(located?.path ? { path: located.path } : {}),
    extensions: { ...details, code, ...httpOf(code, http, located) },
  });
}

/** A field's error leaves the response at 200; an error of the whole request decides its status. Yoga removes `http`. */
function httpOf(
  code: ErrorCode,
  http: HttpExtension | undefined,
  located: GraphQLError | undefined,
): { http?: HttpExtension } {
  // A request that is no GraphQL request fails as HTTP; `spec` would answer 200 to clients of application/json.
  if (http) return { http: code === "BAD_REQUEST" ? { ...http, spec: false } : http };
  if (located?.path) return {};
  return { http: { status: ERROR_CATALOGUE[code].status, spec: located !== undefined } };
}
