import { formatE9 } from "@mib/protocol/decimal";
import type { AlertRuleResolvers } from "../generated/resolvers.ts";

export const AlertRule: AlertRuleResolvers = {
  __resolveReference: ({ id }, { ruleById }) => ruleById.load(id),
  instrument: ({ symbol }) => ({ symbol }),
  threshold: ({ thresholdE9 }) => formatE9(thresholdE9),
};
