import type { HeatMapGroupResolvers } from "../generated/resolvers.ts";
import { pageSize } from "./page-size.ts";

export const HeatMapGroup: HeatMapGroupResolvers = {
  sector: () => null,
  cells: ({ cells }, { first }) => cells.slice(0, pageSize(first, 1_000)),
};
