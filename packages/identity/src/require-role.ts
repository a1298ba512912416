import { CodedError } from "@mib/service/coded-error";
import type { CallerIdentity } from "./caller-identity.ts";
import { requireSubject } from "./require-subject.ts";

/** The user id of a caller with the role; UNAUTHENTICATED without a credential, FORBIDDEN without the role. */
export function requireRole(identity: CallerIdentity, role: string): string {
  const subject = requireSubject(identity);
  if (!identity.roles.includes(role)) throw new CodedError("FORBIDDEN", `This needs the role ${role}.`, { role });
  return subject;
}
