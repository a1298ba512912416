import type { PromotionResolvers } from "../generated/resolvers.ts";

export const Promotion: PromotionResolvers = {
  id: ({ number }) => number,
  at: ({ at }) => at.toISOString(),
  model: async ({ modelId }, _, { models }) => (await models.byId(modelId))!,
  replaced: (promotion, _, { models }) => models.replacedBy(promotion),
};
