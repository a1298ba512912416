import type { CallerIdentity } from "@mib/identity/caller-identity";
import type { RequestDetails } from "@mib/subgraph-server/call";
import DataLoader from "dataloader";
import type { Rule } from "./domain/rule.ts";
import type { InboxStore } from "./io/inbox-store.ts";
import type { RuleStore } from "./io/rule-store.ts";
import type { RuleService } from "./io/rule-service.ts";

/** What resolvers get, made once per request. */
export interface Context {
  identity: CallerIdentity;
  clientAddress: string | null;
  rules: RuleService;
  inbox: InboxStore;
  /** The caller's rules by id: those of others are not found. */
  ruleById: DataLoader<string, Rule | null>;
  /** All rules of a user, oldest first. */
  rulesOfUser: DataLoader<string, Rule[]>;
}

export function createContext(
  identity: CallerIdentity,
  { clientAddress }: RequestDetails,
  parts: { store: RuleStore; rules: RuleService; inbox: InboxStore },
): Context {
  return {
    identity,
    clientAddress,
    rules: parts.rules,
    inbox: parts.inbox,
    ruleById: new DataLoader(async (ids) => {
      const found = new Map((await parts.store.byIds(ids)).map((rule) => [rule.id, rule]));
      return ids.map((id) => {
        const rule = found.get(id);
        return rule?.userId === identity.subject ? rule : null;
      });
    }),
    rulesOfUser: new DataLoader(async (userIds) => {
      const byUser = Map.groupBy(await parts.store.ofUsers(userIds), (rule) => rule.userId);
      return userIds.map((userId) => byUser.get(userId) ?? []);
    }),
  };
}
