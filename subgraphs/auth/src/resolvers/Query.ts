import type { QueryResolvers } from "../generated/resolvers.ts";

export const Query: QueryResolvers = {
  me: (_, __, { caller, users }) => (caller.identity.subject === null ? null : users.load(caller.identity.subject)),
};
