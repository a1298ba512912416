import { requireScope } from "@mib/identity/require-scope";
import { formatE9 } from "@mib/protocol/decimal";
import type { AlertRuleResolvers } from "../generated/resolvers.ts";

export const AlertRule: AlertRuleResolvers = {
  __resolveReference: ({ id }, { identity, ruleById }) => {
    requireScope(identity, "alerts:read");
    return ruleById.load(id);
  },
  instrument: ({ symbol }) => ({ symbol }),
  threshold: ({ thresholdE9 }) => formatE9(thresholdE9),
};
