import { pageSize } from "../domain/search-request.ts";
import type { NewsFacetsResolvers } from "../generated/resolvers.ts";

export const NewsFacets: NewsFacetsResolvers = {
  sources: (filter, { first }, { store }) => store.facet("source", filter, pageSize(first, 10)),
  symbols: (filter, { first }, { store }) => store.facet("about", filter, pageSize(first, 10)),
};
