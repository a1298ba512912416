import { requireScope } from "@mib/identity/require-scope";
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
  apiKeys: ({ id }, _, { caller, keysOfUser }) => {
    requireScope(caller.identity, "account:read");
    return id === caller.identity.subject ? keysOfUser.load(id) : [];
  },
};
