import { CodedError } from "@mib/service/coded-error";
import { importSPKI, jwtVerify } from "jose";
import { z } from "zod";
import {
  IDENTITY_ALGORITHM,
  IDENTITY_ISSUER,
  IDENTITY_LIFETIME_SECONDS,
  type CallerIdentity,
} from "./caller-identity.ts";

export interface IdentityVerifier {
  /** Returns the caller, or throws IDENTITY_MISSING or IDENTITY_INVALID. Says nothing about why a token is refused. */
  verify(token: string | null | undefined): Promise<CallerIdentity>;
}

const CLOCK_SKEW_SECONDS = 5;
const TOKEN_LENGTH_MAX = 8_192;
const CACHED_TOKENS_MAX = 10_000;

const claimsSchema = z.object({
  sub: z.string().min(1).optional(),
  sid: z.string().min(1).optional(),
  roles: z.array(z.string()),
  scopes: z.array(z.string()),
  cred: z.enum(["none", "session", "api_key"]),
  iat: z.number(),
  exp: z.number(),
});

/**
 * Verifies identities for one subgraph. A token that was verified once is known until it expires, because the router
 * sends the same one for minutes.
 */
export async function createIdentityVerifier({
  publicKeyPem,
  audience,
  now = Date.now,
}: {
  publicKeyPem: string;
  audience: string;
  now?: () => number;
}): Promise<IdentityVerifier> {
  const key = await importSPKI(publicKeyPem, IDENTITY_ALGORITHM);
  const verified = new Map<string, { identity: CallerIdentity; expiresAtSeconds: number }>();

  async function verifyAnew(token: string): Promise<CallerIdentity> {
    const { payload } = await jwtVerify(token, key, {
      issuer: IDENTITY_ISSUER,
      audience,
      algorithms: [IDENTITY_ALGORITHM],
      clockTolerance: CLOCK_SKEW_SECONDS,
      currentDate: new Date(now()),
    });
    const claims = claimsSchema.parse(payload);
    if (claims.exp - claims.iat > IDENTITY_LIFETIME_SECONDS) throw new Error("lives longer than an identity may");
    // A credential without its owner, or an owner without a credential, was not made by the router.
    if ((claims.cred === "none") !== (claims.sub === undefined)) throw new Error("subject and credential disagree");
    const identity: CallerIdentity = Object.freeze({
      subject: claims.sub ?? null,
      roles: Object.freeze(claims.roles),
      scopes: Object.freeze(claims.scopes),
      credential: claims.cred,
      sessionId: claims.sid ?? null,
    });
    if (verified.size >= CACHED_TOKENS_MAX) verified.delete(verified.keys().next().value as string);
    verified.set(token, { identity, expiresAtSeconds: claims.exp });
    return identity;
  }

  return {
    async verify(token) {
      if (!token) throw new CodedError("IDENTITY_MISSING");
      const known = verified.get(token);
      if (known && known.expiresAtSeconds > now() / 1000) return known.identity;
      if (known) verified.delete(token);
      if (token.length > TOKEN_LENGTH_MAX) throw new CodedError("IDENTITY_INVALID");
      try {
        return await verifyAnew(token);
      } catch (error) {
        throw new CodedError("IDENTITY_INVALID", undefined, {}, { cause: error });
      }
    },
  };
}
