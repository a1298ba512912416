import type { Resolvers } from "../generated/resolvers.ts";
import { Instrument } from "./Instrument.ts";
import { InstrumentBrief } from "./InstrumentBrief.ts";
import { MarketBrief } from "./MarketBrief.ts";
import { NewsArticle } from "./NewsArticle.ts";
import { NewsEdge } from "./NewsEdge.ts";
import { NewsFacets } from "./NewsFacets.ts";
import { Query } from "./Query.ts";
import { SocialPost } from "./SocialPost.ts";
import { Story } from "./Story.ts";

export const resolvers = {
  Query,
  Instrument,
  InstrumentBrief,
  MarketBrief,
  NewsArticle,
  NewsEdge,
  NewsFacets,
  SocialPost,
  Story,
} satisfies Resolvers;
