import { createHmac } from "node:crypto";
import { importPKCS8, SignJWT } from "jose";
import {
  IDENTITY_ALGORITHM,
  IDENTITY_ISSUER,
  IDENTITY_LIFETIME_SECONDS,
  type CallerIdentity,
  type IdentityClaims,
} from "./caller-identity.ts";

export interface IdentitySigner {
  /**
   * A signed identity for one subgraph, valid for at least another minute. The same caller gets the same token while it
   * lasts, so signing stays off the path of most requests.
   */
  sign(identity: CallerIdentity, audience: string): string | Promise<string>;
  /**
   * What a subgraph knows a caller by that it may tell from others and not know: the same from all routers with this key, until
   * the day ends (UTC). `caller` can't be found from it without the key.
   */
  turnOf(caller: string): string;
}

const REMAINING_SECONDS_MIN = 60;
const CACHED_TOKENS_MAX = 10_000;
const DAY_MS = 86_400_000;
const TURN_BYTES = 16;

/** Throws when the key is not an Ed25519 key in PKCS8 PEM. */
export async function createIdentitySigner({
  privateKeyPem,
  now = Date.now,
}: {
  privateKeyPem: string;
  now?: () => number;
}): Promise<IdentitySigner> {
  const key = await importPKCS8(privateKeyPem, IDENTITY_ALGORITHM);
  const cache = new Map<string, { token: string; freshUntilSeconds: number }>();
  const signing = new Map<string, Promise<string>>();

  async function signAnew(identity: CallerIdentity, audience: string, cacheKey: string): Promise<string> {
    const issuedAt = Math.floor(now() / 1000);
    const claims: IdentityClaims = { roles: identity.roles, scopes: identity.scopes, cred: identity.credential };
    if (identity.sessionId !== null) claims.sid = identity.sessionId;
    const jwt = new SignJWT({ ...claims })
      .setProtectedHeader({ alg: IDENTITY_ALGORITHM })
      .setIssuer(IDENTITY_ISSUER)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + IDENTITY_LIFETIME_SECONDS);
    if (identity.subject !== null) jwt.setSubject(identity.subject);
    const token = await jwt.sign(key);
    // The oldest entry goes first: a Map keeps the order of insertion.
    if (cache.size >= CACHED_TOKENS_MAX) cache.delete(cache.keys().next().value as string);
    cache.delete(cacheKey);
    cache.set(cacheKey, { token, freshUntilSeconds: issuedAt + IDENTITY_LIFETIME_SECONDS - REMAINING_SECONDS_MIN });
    return token;
  }

  return {
    turnOf(caller) {
      const day = Math.floor(now() / DAY_MS);
      const mac = createHmac("sha256", privateKeyPem).update(`turn ${day} ${caller}`).digest();
      return mac.toString("base64url", 0, TURN_BYTES);
    },
    sign(identity, audience) {
      const cacheKey = JSON.stringify([
        audience,
        identity.subject,
        identity.sessionId,
        identity.credential,
        identity.roles,
        identity.scopes,
      ]);
      const cached = cache.get(cacheKey);
      if (cached && cached.freshUntilSeconds > now() / 1000) return cached.token;
      // Whoever asks meanwhile gets the same token at the same time.
      let pending = signing.get(cacheKey);
      if (!pending) {
        pending = signAnew(identity, audience, cacheKey).finally(() => signing.delete(cacheKey));
        signing.set(cacheKey, pending);
      }
      return pending;
    },
  };
}
