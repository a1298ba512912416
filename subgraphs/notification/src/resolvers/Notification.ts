import type { NotificationResolvers } from "../generated/resolvers.ts";

export const Notification: NotificationResolvers = {
  rule: ({ ruleId }, _, { ruleById }) => (ruleId === null ? null : ruleById.load(ruleId)),
  instrument: ({ symbol }) => (symbol === null ? null : { symbol }),
};
