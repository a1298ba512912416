import { CodedError } from "@mib/service/coded-error";

/** What a client gets whose operation cannot be answered by any plan that we have. */
export function unresolvable(message: string): CodedError {
  return new CodedError("OPERATION_NOT_RESOLVABLE", message);
}
