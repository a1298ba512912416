import type { CallerIdentity } from "@mib/identity/caller-identity";
import type { RequestDetails } from "@mib/subgraph-server/call";
import DataLoader from "dataloader";
import type { NewsWatch } from "./domain/news-watch.ts";
import type { Rule } from "./domain/rule.ts";
import type { InboxStore } from "./io/inbox-store.ts";
import type { NewsWatchService } from "./io/news-watch-service.ts";
import type { NewsWatchStore } from "./io/news-watch-store.ts";
import type { RuleStore } from "./io/rule-store.ts";
import type { RuleService } from "./io/rule-service.ts";

/** What resolvers get, made once per request. */
export interface Context {
  identity: CallerIdentity;
  clientAddress: string | null;
  rules: RuleService;
  newsWatches: NewsWatchService;
  inbox: InboxStore;
  /** The caller's rules by id: those of others are not found. */
  ruleById: DataLoader<string, Rule | null>;
  /** All rules of a user, oldest first. */
  rulesOfUser: DataLoader<string, Rule[]>;
  /** The caller's watches by id: those of others are not found. */
  newsWatchById: DataLoader<string, NewsWatch | null>;
  /** All watches of a user, oldest first. */
  newsWatchesOfUser: DataLoader<string, NewsWatch[]>;
}

export function createContext(
  identity: CallerIdentity,
  { clientAddress }: RequestDetails,
  parts: {
    store: RuleStore;
    rules: RuleService;
    watchStore: NewsWatchStore;
    newsWatches: NewsWatchService;
    inbox: InboxStore;
  },
): Context {
  return {
    identity,
    clientAddress,
    rules: parts.rules,
    newsWatches: parts.newsWatches,
    inbox: parts.inbox,
    ruleById: ownById(identity, (ids) => parts.store.byIds(ids)),
    rulesOfUser: byUser((userIds) => parts.store.ofUsers(userIds)),
    newsWatchById: ownById(identity, (ids) => parts.watchStore.byIds(ids)),
    newsWatchesOfUser: byUser((userIds) => parts.watchStore.ofUsers(userIds)),
  };
}

interface Owned {
  id: string;
  userId: string;
}

function ownById<Item extends Owned>(
  identity: CallerIdentity,
  read: (ids: readonly string[]) => Promise<Item[]>,
): DataLoader<string, Item | null> {
  return new DataLoader(async (ids) => {
    const found = new Map((await read(ids)).map((item) => [item.id, item]));
    return ids.map((id) => {
      const item = found.get(id);
      return item?.userId === identity.subject ? item : null;
    });
  });
}

function byUser<Item extends Owned>(read: (userIds: readonly string[]) => Promise<Item[]>): DataLoader<string, Item[]> {
  return new DataLoader(async (userIds) => {
    const found = Map.groupBy(await read(userIds), ({ userId }) => userId);
    return userIds.map((userId) => found.get(userId) ?? []);
  });
}
