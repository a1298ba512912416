import { CodedError } from "@mib/service/coded-error";
import type { RouterConfig } from "../config/router-config.ts";
import { AccessTokenVerifier } from "./access-token-verifier.ts";
import { ApiKeyVerifier } from "./api-key-verifier.ts";
import { ANONYMOUS_CALLER, type Caller, type Credentials } from "./caller.ts";
import type { IdentityHeaders } from "./identity-headers.ts";
import type { Revocations } from "./revocations.ts";

export interface Authenticator {
  /** The caller behind the credentials; throws CREDENTIAL_INVALID when one is present that is not good. */
  authenticate(credentials: Credentials): Caller | Promise<Caller>;
}

const BEARER = /^bearer +(\S+) *$/i;

export function createAuthenticator(
  config: RouterConfig["authentication"],
  { identityHeaders, revocations }: { identityHeaders: IdentityHeaders; revocations: Revocations },
): Authenticator {
  const tokens =
    config?.jwks_url == null
      ? null
      : new AccessTokenVerifier({
          jwksUrl: config.jwks_url,
          issuer: config.issuer,
          audience: config.audience,
          timeoutMs: config.timeout_ms,
        });
  const keys =
    config?.api_key_verify_url == null
      ? null
      : new ApiKeyVerifier({
          url: config.api_key_verify_url,
          headers: () => (config.api_key_subgraph === null ? {} : identityHeaders.forRouter(config.api_key_subgraph)),
          cacheMs: config.api_key_cache_ms,
          timeoutMs: config.timeout_ms,
        });
  const notRevoked = (caller: Caller): Caller => {
    if (revocations.isRevoked(caller)) throw new CodedError("CREDENTIAL_INVALID");
    return caller;
  };
  return {
    authenticate({ authorization, apiKey }) {
      if (authorization === null && apiKey === null) return ANONYMOUS_CALLER;
      if (authorization !== null && apiKey !== null)
        throw new CodedError("CREDENTIAL_INVALID", "Send an access token or an API key, not both.");
      if (apiKey !== null) {
        if (!keys) throw new CodedError("CREDENTIAL_INVALID", "API keys are not accepted here.");
        return keys.verify(apiKey).then(notRevoked);
      }
      const token = BEARER.exec(authorization!)?.[1];
      if (token === undefined || !tokens) throw new CodedError("CREDENTIAL_INVALID");
      const caller = tokens.verify(token);
      return caller instanceof Promise ? caller.then(notRevoked) : notRevoked(caller);
    },
  };
}
