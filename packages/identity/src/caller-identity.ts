/** Who calls, as the router found out. A subgraph with `identity: none` gets `ANONYMOUS` whoever it is. */
export interface CallerIdentity {
  /** The user's id; null without a credential. */
  readonly subject: string | null;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly credential: "none" | "session" | "api_key";
  /** The session that the access token belongs to; null for API keys and anonymous callers. */
  readonly sessionId: string | null;
}

export const ANONYMOUS: CallerIdentity = Object.freeze({
  subject: null,
  roles: Object.freeze([]),
  scopes: Object.freeze([]),
  credential: "none",
  sessionId: null,
});

/** The header that carries the signed identity from the router to a subgraph. */
export const IDENTITY_HEADER = "x-mib-identity";
/**
 * The header that tells a subgraph whose turn a request takes, where it doesn't learn who calls: an opaque name, the same for
 * all requests of a caller. It decides who waits, never what is answered.
 */
export const TURN_HEADER = "x-mib-turn";
export const IDENTITY_ISSUER = "mib-router";
export const IDENTITY_ALGORITHM = "EdDSA";
export const IDENTITY_LIFETIME_SECONDS = 300;

/** The claims of the signed identity beside the registered ones. */
export interface IdentityClaims {
  roles: readonly string[];
  scopes: readonly string[];
  cred: CallerIdentity["credential"];
  sid?: string;
}
