import { pageSize } from "../domain/search-request.ts";
import type { StoryResolvers } from "../generated/resolvers.ts";

export const Story: StoryResolvers = {
  articles: ({ id, before }, { first }, { articlesOfStory }) =>
    articlesOfStory.load({ story: id, before, limit: pageSize(first, 10) }),
  articleCount: ({ id, before }, _, { storySizes }) => storySizes.load({ story: id, before }),
};
