import { CodedError } from "@mib/service/coded-error";
import type { Logger } from "@mib/service/log";
import type { HttpResponse } from "./http-exchange.ts";

/** One error as GraphQL shows it. Details that a coded error carries are safe to show. */
export function formatError({ code, message, details }: CodedError): {
  message: string;
  extensions: Record<string, unknown>;
} {
  return { message, extensions: { code, ...details } };
}

/** The code of the first of a request's errors: what the request is counted by. */
export function codeOf(errors: readonly { extensions: Record<string, unknown> }[]): string {
  const code = errors[0]?.extensions["code"];
  return typeof code === "string" ? code : "BAD_REQUEST";
}

/** What a client may see of anything that was thrown: a coded error as it is, all else as INTERNAL_ERROR, and logged. */
export function toCodedError(error: unknown, log: Logger, requestId: string): CodedError {
  if (error instanceof CodedError) return error;
  log.error({ err: error, requestId }, "a request failed");
  return new CodedError("INTERNAL_ERROR", undefined, { requestId });
}

/** Answers with an error alone. */
export function refuse(response: HttpResponse, error: CodedError): void {
  response.writeHead(error.status, { "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify({ errors: [formatError(error)] }));
}
