import { pageSize } from "../domain/search-request.ts";
import type { StoryResolvers } from "../generated/resolvers.ts";

export const Story: StoryResolvers = {
  articles: ({ id }, { first }, { articlesOfStory }) => articlesOfStory.load({ story: id, limit: pageSize(first, 10) }),
  articleCount: ({ id }, _, { storySizes }) => storySizes.load(id),
};
