import { CodedError } from "@mib/service/coded-error";
import type { CallerIdentity } from "./caller-identity.ts";

/** Throws FORBIDDEN for an API key without the scope. A session may do whatever its user's roles allow. */
export function requireScope(identity: CallerIdentity, scope: string): void {
  if (identity.credential === "api_key" && !identity.scopes.includes(scope))
    throw new CodedError("FORBIDDEN", `This API key lacks the scope ${scope}.`, { scope });
}
