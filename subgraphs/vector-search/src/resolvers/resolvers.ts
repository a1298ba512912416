import type { Resolvers } from "../generated/resolvers.ts";
import { Instrument } from "./Instrument.ts";
import { NewsArticle } from "./NewsArticle.ts";
import { Query } from "./Query.ts";

export const resolvers = { Query, Instrument, NewsArticle } satisfies Resolvers;
