import type { NotificationResolvers } from "../generated/resolvers.ts";

export const Notification: NotificationResolvers = {
  rule: ({ ruleId }, _, { ruleById }) => (ruleId === null ? null : ruleById.load(ruleId)),
  watch: ({ watchId }, _, { newsWatchById }) => (watchId === null ? null : newsWatchById.load(watchId)),
  article: ({ articleId }) => (articleId === null ? null : { id: articleId }),
  instrument: ({ symbol }) => (symbol === null ? null : { symbol }),
};
