import { requireScope } from "@mib/identity/require-scope";
import { CodedError } from "@mib/service/coded-error";
import type { Context } from "../context.ts";
import type { UserResolvers } from "../generated/resolvers.ts";

const PAGE_MAX = 200;

export const User: UserResolvers = {
  __resolveReference: ({ id }) => ({ id }),
  alerts: ({ id }, _, context) => context.rulesOfUser.load(themselves(id, context)),
  newsWatches: ({ id }, _, context) => context.newsWatchesOfUser.load(themselves(id, context)),
  notifications: async ({ id }, { first, after }, context) => {
    if (first == null || first < 1 || first > PAGE_MAX)
      throw new CodedError("BAD_USER_INPUT", `\`first\` must be between 1 and ${PAGE_MAX}.`);
    return context.inbox.page(themselves(id, context), { first, after: after ?? null });
  },
};

/** Rules, watches and notifications are shown to their owner only. */
function themselves(id: string, { identity }: Context): string {
  if (identity.subject !== id)
    throw new CodedError("FORBIDDEN", "Alerts and notifications can be read by their owner only.");
  requireScope(identity, "alerts:read");
  return id;
}
