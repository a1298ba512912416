import type { SubgraphAnswer } from "./exchange.ts";
import { SubgraphFailure } from "./subgraph-failure.ts";
import type { UpstreamEvent } from "./upstream-sink.ts";

/** An error as a subgraph reported it, each part checked. */
export interface SubgraphError {
  message: string;
  path: readonly (string | number)[] | null;
  extensions: Readonly<Record<string, unknown>>;
}

export interface SubgraphResult {
  data: Record<string, unknown> | null;
  errors: readonly SubgraphError[];
  /** Whether no string of the answer needs escaping when it is written as JSON again. */
  clean: boolean;
}

/** Of an error's extensions: what some servers add about their own inside. */
const INTERNAL_EXTENSIONS = new Set(["stacktrace", "exception", "originalError", "http"]);

/** Reads a GraphQL answer. Throws a SubgraphFailure when it is none; an answer of errors only is one, whatever its status. */
export function readAnswer({ status, body }: Pick<SubgraphAnswer, "status" | "body">): SubgraphResult {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (cause) {
    throw new SubgraphFailure(
      "SUBGRAPH_BAD_RESPONSE",
      isSuccess(status) ? "The subgraph's answer is not JSON" : "The subgraph answered with an error status",
      { cause },
    );
  }
  return readResult(parsed, !body.includes("\\"), isSuccess(status));
}

/** Reads a result that came as a value. Throws a SubgraphFailure when it is none. */
function readResult(parsed: unknown, clean: boolean, isSuccessful = true): SubgraphResult {
  if (!isObject(parsed)) throw new SubgraphFailure("SUBGRAPH_BAD_RESPONSE", "The subgraph's answer is not an object");
  const { data, errors } = parsed;
  const read = readErrors(errors);
  if (!isSuccessful && read.length === 0) {
    throw new SubgraphFailure("SUBGRAPH_BAD_RESPONSE", "The subgraph answered with an error status");
  }
  if (data !== undefined && data !== null && !isObject(data)) {
    throw new SubgraphFailure("SUBGRAPH_BAD_RESPONSE", "The data of the subgraph's answer is not an object");
  }
  if (!data && read.length === 0)
    throw new SubgraphFailure("SUBGRAPH_BAD_RESPONSE", "The subgraph's answer has neither data nor errors");
  return { data: data ?? null, errors: read, clean };
}

/** Reads one event of a subscription, parsed or not; what is none is told as a failure. */
export function readEvent(event: unknown): UpstreamEvent {
  try {
    return readResult(typeof event === "string" ? JSON.parse(event) : event, false);
  } catch (error) {
    if (error instanceof SubgraphFailure) return error;
    return new SubgraphFailure("SUBGRAPH_BAD_RESPONSE", "The subgraph's event is not JSON", { cause: error });
  }
}

export function readErrors(errors: unknown): SubgraphError[] {
  return Array.isArray(errors) ? errors.map(readError) : [];
}

function readError(error: unknown): SubgraphError {
  if (!isObject(error))
    return { message: "The subgraph reported an error without a message", path: null, extensions: {} };
  const { message, path, extensions } = error;
  const isPath =
    Array.isArray(path) &&
    path.length > 0 &&
    path.every((step) => typeof step === "string" || typeof step === "number");
  return {
    message: typeof message === "string" ? message : "The subgraph reported an error without a message",
    path: isPath ? path : null,
    extensions: isObject(extensions)
      ? Object.fromEntries(Object.entries(extensions).filter(([key]) => !INTERNAL_EXTENSIONS.has(key)))
      : {},
  };
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
