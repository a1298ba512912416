import { CodedError } from "@mib/service/coded-error";
import type { ErrorCode } from "@mib/service/error-catalogue";
import type { Execution, FieldFailure, ResponsePath } from "./execution.ts";
import { SubgraphFailure } from "../subgraph-client/subgraph-failure.ts";
import type { SubgraphError } from "../subgraph-client/read-answer.ts";

/** What a failed exchange means for the fields that it should have brought. */
export function failureOfExchange(
  error: unknown,
  subgraph: string,
): FieldFailure & { extensions: { code: ErrorCode; service: string } } {
  const failure = error instanceof SubgraphFailure || error instanceof CodedError ? error : null;
  return {
    message: failure?.message ?? "Something failed inside",
    extensions: { code: failure?.code ?? "INTERNAL_ERROR", service: subgraph },
    reported: false,
  };
}

/** A subgraph's own error as the reason why a field is missing. */
export function failureOfError(error: SubgraphError, subgraph: string): FieldFailure {
  return { message: error.message, extensions: extensionsOf(error, subgraph), reported: false };
}

/** A field is missing because of an error that is in the answer already. */
export const REPORTED: FieldFailure = { message: "", extensions: {}, reported: true };

/** Puts a subgraph's error into the answer; `path` is where it is in the data, null when the error belongs to no field. */
export function reportError(
  execution: Execution,
  error: SubgraphError,
  path: ResponsePath | null,
  { subgraph, clientNames }: { subgraph: string; clientNames: ReadonlyMap<string, string> },
): void {
  const { message, extensions } = failureOfError(error, subgraph);
  execution.errors.push({ message, ...(path && { path: clientPath(path, clientNames) }), extensions });
  if (path) execution.placedErrors.push({ path, message, extensions });
}

/** The path of an error in a subgraph's answer, with the names that its fields have in the data. */
export function dataPath(path: ResponsePath, renames: ReadonlyMap<string, string>): ResponsePath {
  return path.map((step) => (typeof step === "string" ? (renames.get(step) ?? step) : step));
}

function extensionsOf({ extensions }: SubgraphError, subgraph: string): Record<string, unknown> {
  const code = typeof extensions["code"] === "string" ? extensions["code"] : "SUBGRAPH_ERROR";
  return { ...extensions, code, service: subgraph };
}

const SYNTHETIC_NAME = /^_rq\d+_/;

/**
 * Gives the steps of a path in the data the names that the client chose. A path into what only a `@requires` with
 * arguments asked for ends at the object that it was asked of: the client has no name for the rest.
 */
function clientPath(path: ResponsePath, clientNames: ReadonlyMap<string, string>): ResponsePath {
  const end = path.findIndex((step) => typeof step === "string" && SYNTHETIC_NAME.test(step));
  return dataPath(path.slice(0, end === -1 ? path.length : end), clientNames);
}
