import type { GraphQLError, SourceLocation } from "graphql";
import type { ErrorCode } from "@mib/service/error-catalogue";

/**
 * Why a request is refused, as its client sees it. Such answers are kept, and so this is a plain value: an error of
 * graphql's own holds the document, its source and a stack.
 */
export interface OperationError {
  readonly message: string;
  readonly locations?: readonly SourceLocation[];
  readonly extensions: Readonly<Record<string, unknown>> & { readonly code: ErrorCode };
}

/** The same error with a code; where it is and what it says stays. */
export function withCode({ message, locations, extensions }: GraphQLError, code: ErrorCode): OperationError {
  return { message, ...(locations && { locations }), extensions: { ...extensions, code } };
}

export function operationError(code: ErrorCode, message: string): OperationError {
  return { message, extensions: { code } };
}
