import { requireScope } from "@mib/identity/require-scope";
import { requireSubject } from "@mib/identity/require-subject";
import { CodedError } from "@mib/service/coded-error";
import type { Context } from "../context.ts";
import { newsWatchOf } from "../domain/news-watch.ts";
import { definitionOf } from "../domain/rule-input.ts";
import type { MutationResolvers } from "../generated/resolvers.ts";

const IDS_MAX = 500;

export const Mutation: MutationResolvers = {
  createAlertRule: (_, { input }, context) => context.rules.create(actor(context), definitionOf(input)),
  updateAlertRule: (_, { id, input }, context) => context.rules.update(actor(context), id, definitionOf(input)),
  deleteAlertRule: async (_, { id }, context) => {
    await context.rules.delete(actor(context), id);
    return id;
  },
  createNewsWatch: (_, { input }, context) => context.newsWatches.create(actor(context), newsWatchOf(input)),
  updateNewsWatch: (_, { id, input }, context) => context.newsWatches.update(actor(context), id, newsWatchOf(input)),
  deleteNewsWatch: async (_, { id }, context) => {
    await context.newsWatches.delete(actor(context), id);
    return id;
  },
  markNotificationsRead: (_, { ids }, context) => {
    if (ids.length > IDS_MAX) throw new CodedError("BAD_USER_INPUT", `\`ids\` may hold at most ${IDS_MAX}.`);
    return context.rules.markRead(actor(context), ids);
  },
};

function actor({ identity, clientAddress }: Context) {
  requireScope(identity, "alerts:write");
  return { userId: requireSubject(identity), clientAddress };
}
