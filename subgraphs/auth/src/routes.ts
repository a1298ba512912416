import { CodedError } from "@mib/service/coded-error";
import type { Route } from "@mib/subgraph-server/request-handler";
import type { JWK } from "jose";
import type { ApiKeys } from "./domain/api-keys.ts";

const JWKS_SECONDS = 60;

/** What auth answers beside GraphQL: the keys that verify access tokens, for everybody, and API keys, for the router. */
export function authRoutes(jwks: { keys: JWK[] }, apiKeys: ApiKeys): Route[] {
  return [
    {
      method: "GET",
      path: "/.well-known/jwks.json",
      public: true,
      handle: () => ({ headers: { "cache-control": `public, max-age=${JWKS_SECONDS}` }, body: jwks }),
    },
    {
      method: "POST",
      path: "/internal/api-keys/verify",
      async handle(_, body) {
        const key = (body as { key?: unknown } | null)?.key;
        if (typeof key !== "string") throw new CodedError("BAD_REQUEST", 'Send {"key": …}.');
        const verified = await apiKeys.verify(key);
        if (!verified) throw new CodedError("CREDENTIAL_INVALID");
        return { body: verified };
      },
    },
  ];
}
