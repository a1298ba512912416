import { requireScope } from "@mib/identity/require-scope";
import { scopesOf } from "../domain/roles.ts";
import type { UserResolvers } from "../generated/resolvers.ts";

export const User: UserResolvers = {
  // A user is known to nobody but themselves.
  __resolveReference: ({ id }, { caller, users }) => (id === caller.identity.subject ? users.load(id) : null),
  email: ({ email }, _, { caller }) => {
    requireScope(caller.identity, "account:read");
    return email;
  },
  roles: ({ roles }, _, { caller }) => {
    requireScope(caller.identity, "account:read");
    return [...roles];
  },
  // Also for a key without account:read: it may know what it may.
  scopes: ({ roles }, _, { caller: { identity } }) =>
    identity.credential === "api_key" ? [...identity.scopes] : [...scopesOf(roles)],
  apiKeys: ({ id }, _, { caller, keysOfUser }) => {
    requireScope(caller.identity, "account:read");
    return id === caller.identity.subject ? keysOfUser.load(id) : [];
  },
};
