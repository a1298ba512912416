import { postSentiment } from "../domain/sentiment-detail.ts";
import type { SocialPostResolvers } from "../generated/resolvers.ts";

export const SocialPost: SocialPostResolvers = {
  __resolveReference: ({ id }, { posts }) => posts.byId.load(id),
  instruments: ({ symbols }) => symbols.map((symbol) => ({ symbol })),
  sentimentDetail: postSentiment,
};
