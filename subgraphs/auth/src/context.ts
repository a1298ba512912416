import type { CallerIdentity } from "@mib/identity/caller-identity";
import type { RequestDetails } from "@mib/subgraph-server/call";
import DataLoader from "dataloader";
import type { Accounts } from "./domain/accounts.ts";
import type { ApiKeys } from "./domain/api-keys.ts";
import type { Caller } from "./domain/caller.ts";
import type { ApiKeyRecord, AuthStore, UserRecord } from "./domain/ports.ts";
import type { Sessions } from "./domain/sessions.ts";

/** The parts that live as long as the process. */
export interface Parts {
  store: AuthStore;
  accounts: Accounts;
  sessions: Sessions;
  apiKeys: ApiKeys;
}

/** What resolvers work with; made anew for each request. */
export interface Context extends Omit<Parts, "store"> {
  caller: Caller;
  users: DataLoader<string, UserRecord | null>;
  keysOfUser: DataLoader<string, ApiKeyRecord[]>;
}

export function createContext(
  { store, accounts, sessions, apiKeys }: Parts,
  identity: CallerIdentity,
  { clientAddress }: RequestDetails,
): Context {
  return {
    accounts,
    sessions,
    apiKeys,
    caller: { identity, origin: clientAddress },
    users: new DataLoader(async (ids) => {
      const users = await store.usersById(ids);
      return ids.map((id) => users.get(id) ?? null);
    }),
    keysOfUser: new DataLoader(async (ids) => {
      const keys = await store.apiKeysOfUsers(ids);
      return ids.map((id) => keys.get(id) ?? []);
    }),
  };
}
