import { CodedError } from "@mib/service/coded-error";
import type { CallerIdentity } from "./caller-identity.ts";

/** The caller's user id, or UNAUTHENTICATED. */
export function requireSubject(identity: CallerIdentity): string {
  if (identity.subject === null) throw new CodedError("UNAUTHENTICATED");
  return identity.subject;
}
