import type { Database } from "@mib/subgraph-server/database";
import type { SubgraphOptions } from "@mib/subgraph-server/start-subgraph";
import type { JWK } from "jose";
import { createContext, type Context, type Parts } from "./context.ts";
import { Accounts } from "./domain/accounts.ts";
import type { ApiKeyEnvironment } from "./domain/api-key.ts";
import { ApiKeys } from "./domain/api-keys.ts";
import type { AccessTokenIssuer, Surroundings } from "./domain/ports.ts";
import { Sessions, type SessionLifetimes } from "./domain/sessions.ts";
import { createPasswordHasher } from "./io/password-hasher.ts";
import { PostgresStore } from "./io/postgres-store.ts";
import { resolvers } from "./resolvers/resolvers.ts";
import { authRoutes } from "./routes.ts";

/** Puts the parts together. Clock and randomness come in, so that tests can hold them. */
export async function authSubgraph(given: {
  database: Database;
  tokens: { issuer: AccessTokenIssuer; jwks: { keys: JWK[] } };
  lifetimes: SessionLifetimes;
  apiKeyEnvironment: ApiKeyEnvironment;
  surroundings: Surroundings;
}): Promise<{ accounts: Accounts; options: SubgraphOptions<Context> }> {
  const { surroundings } = given;
  const store = new PostgresStore(given.database);
  const sessions = new Sessions(store, given.tokens.issuer, given.lifetimes, surroundings);
  const accounts = new Accounts(store, await createPasswordHasher(), sessions, surroundings);
  const apiKeys = new ApiKeys(store, given.apiKeyEnvironment, surroundings);
  const parts: Parts = { store, accounts, sessions, apiKeys };
  return {
    accounts,
    options: {
      schemaFile: new URL("../schema.graphql", import.meta.url),
      resolvers,
      context: (identity, details) => createContext(parts, identity, details),
      routes: authRoutes(given.tokens.jwks, apiKeys),
      rateLimits: [
        // The throttle on failed log-ins does the fine work; this bounds what one caller can make us compute.
        { type: "Mutation", field: "signUp", max: 20, windowSeconds: 60 },
        { type: "Mutation", field: "logIn", max: 60, windowSeconds: 60 },
        { type: "Mutation", field: "refreshSession", max: 120, windowSeconds: 60 },
      ],
    },
  };
}
