import { CodedError } from "@mib/service/coded-error";
import type { QueryResolvers } from "../generated/resolvers.ts";

const PAGE_MAX = 200;

export const Query: QueryResolvers = {
  topMovers: (_, { first, interval }, { memory }) =>
    memory.movers(interval ?? "D1", pageSize(first)).map(({ symbol }) => ({ symbol })),
  signals: (_, { symbols, first, after }, { signals }) =>
    signals.page({ symbols: symbols ?? null, first: pageSize(first), after: after ?? null }),
};

function pageSize(first: number | null | undefined): number {
  if (first == null || first < 1 || first > PAGE_MAX)
    throw new CodedError("BAD_USER_INPUT", `\`first\` must be between 1 and ${PAGE_MAX}.`);
  return first;
}
