import { CodedError } from "@mib/service/coded-error";

const ROLES = ["user", "analyst", "admin"] as const;
export type Role = (typeof ROLES)[number];

const USER_SCOPES = ["market:read", "signals:read", "news:read", "alerts:read", "alerts:write", "account:read"];
const SCOPES_OF_ROLE: Readonly<Record<Role, readonly string[]>> = {
  user: USER_SCOPES,
  analyst: [...USER_SCOPES, "export:read", "models:write"],
  admin: [...USER_SCOPES, "export:read", "models:write", "accounts:admin"],
};

/** What somebody with these roles may do, each scope once. */
export function scopesOf(roles: readonly string[]): readonly string[] {
  return [...new Set(roles.flatMap((role) => SCOPES_OF_ROLE[role as Role] ?? []))].sort();
}

/** The scopes of a new API key: at least one, each known and held by its owner, in a fixed order. */
export function checkedScopes(wanted: readonly string[], roles: readonly string[]): readonly string[] {
  const known = scopesOf(ROLES);
  const scopes = [...new Set(wanted)].sort();
  const unknown = scopes.filter((scope) => !known.includes(scope));
  if (scopes.length === 0 || unknown.length > 0) {
    throw new CodedError("SCOPE_UNKNOWN", `Choose one or more of: ${known.join(", ")}.`, {
      unknown: unknown.slice(0, 10),
    });
  }
  const missing = scopes.filter((scope) => !scopesOf(roles).includes(scope));
  if (missing.length > 0)
    throw new CodedError("FORBIDDEN", `A key can't do what its owner may not: ${missing.join(", ")}.`, { missing });
  return scopes;
}

/** The roles that an administrator gives: known ones, each once. */
export function checkedRoles(wanted: readonly string[]): readonly Role[] {
  const unknown = wanted.filter((role) => !ROLES.includes(role as Role));
  if (unknown.length > 0 || wanted.length === 0)
    throw new CodedError("BAD_USER_INPUT", `Choose one or more of: ${ROLES.join(", ")}.`);
  return [...new Set(wanted as readonly Role[])];
}
