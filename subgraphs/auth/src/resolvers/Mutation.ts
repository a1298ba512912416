import type { MutationResolvers } from "../generated/resolvers.ts";

export const Mutation: MutationResolvers = {
  signUp: (_, credentials, { accounts, caller }) => accounts.signUp(credentials, caller.origin),
  logIn: (_, credentials, { accounts, caller }) => accounts.logIn(credentials, caller.origin),
  refreshSession: (_, { refreshToken }, { sessions, caller }) => sessions.refresh(refreshToken, caller.origin),
  logOut: (_, __, { sessions, caller }) => sessions.logOut(caller),
  createApiKey: (_, given, { apiKeys, caller }) => apiKeys.create(caller, given),
  revokeApiKey: (_, { id }, { apiKeys, caller }) => apiKeys.revoke(caller, id),
  deleteAccount: (_, { password }, { accounts, caller }) => accounts.delete(caller, password),
  setRoles: (_, { userId, roles }, { accounts, caller }) => accounts.setRoles(caller, userId, roles),
};
