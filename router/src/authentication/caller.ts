import { ANONYMOUS, type CallerIdentity } from "@mib/identity/caller-identity";

/** Who calls, and until when the credential says so. */
export interface Caller {
  readonly identity: CallerIdentity;
  /** Null for callers whose credential does not expire by itself. */
  readonly expiresAtMs: number | null;
  readonly issuedAtMs: number;
  /** What a revocation may call the credential: `SESSION:…`, `API_KEY:…`, `USER:…`. */
  readonly revocableAs: readonly string[];
}

export const ANONYMOUS_CALLER: Caller = Object.freeze({
  identity: ANONYMOUS,
  expiresAtMs: null,
  issuedAtMs: 0,
  revocableAs: [],
});

/** What a client showed: the same names as HTTP headers and in the payload of `connection_init`. */
export interface Credentials {
  authorization: string | null;
  apiKey: string | null;
}
