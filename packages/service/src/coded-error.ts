import { ERROR_CATALOGUE, type ErrorCode } from "./error-catalogue.ts";

/**
 * An expected failure that a caller may see: a code of the catalogue, a message that says what to do, and details that
 * are safe to show. Everything else that is thrown is a bug and never reaches a client.
 */
export class CodedError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message?: string, details: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message ?? ERROR_CATALOGUE[code].meaning, options);
    this.name = "CodedError";
    this.code = code;
    this.details = details;
  }

  /** The HTTP status that goes with the code where a whole request fails. */
  get status(): number {
    return ERROR_CATALOGUE[this.code].status;
  }
}
