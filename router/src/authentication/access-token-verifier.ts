import type { CallerIdentity } from "@mib/identity/caller-identity";
import { CodedError } from "@mib/service/coded-error";
import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from "jose";
import { z } from "zod";
import type { Caller } from "./caller.ts";

const claimsSchema = z.object({
  sub: z.string().min(1),
  sid: z.string().min(1).optional(),
  roles: z.array(z.string()).default([]),
  scopes: z.array(z.string()).default([]),
  exp: z.number(),
  iat: z.number().optional(),
});

const TOKENS_CACHED_MAX = 10_000;
const TOKEN_LENGTH_MAX = 8_192;
const CLOCK_SKEW_SECONDS = 5;
/** A key that is not known is asked for again at most so often: rotation is seen, and forged key ids cost nothing. */
const JWKS_COOLDOWN_MS = 5_000;

/**
 * Verifies access tokens by the issuer's published keys. A token that was verified is known until it expires; its
 * signature is not checked twice.
 */
export class AccessTokenVerifier {
  readonly #keys: JWTVerifyGetKey;
  readonly #expected: { issuer?: string; audience?: string };
  readonly #verified = new Map<string, Caller>();

  constructor({
    jwksUrl,
    issuer,
    audience,
    timeoutMs,
  }: {
    jwksUrl: string;
    issuer: string | null;
    audience: string | null;
    timeoutMs: number;
  }) {
    this.#keys = createRemoteJWKSet(new URL(jwksUrl), {
      timeoutDuration: timeoutMs,
      cooldownDuration: JWKS_COOLDOWN_MS,
    });
    this.#expected = { ...(issuer !== null && { issuer }), ...(audience !== null && { audience }) };
  }

  /** Throws CREDENTIAL_INVALID, or SERVICE_UNAVAILABLE when the keys cannot be had. */
  verify(token: string): Caller | Promise<Caller> {
    const known = this.#verified.get(token);
    if (known && known.expiresAtMs! > Date.now()) return known;
    if (known) this.#verified.delete(token);
    return this.#verifyAnew(token);
  }

  async #verifyAnew(token: string): Promise<Caller> {
    if (token.length > TOKEN_LENGTH_MAX) throw new CodedError("CREDENTIAL_INVALID");
    let payload: unknown;
    try {
      ({ payload } = await jwtVerify(token, this.#keys, {
        ...this.#expected,
        clockTolerance: CLOCK_SKEW_SECONDS,
        algorithms: ["EdDSA", "ES256", "RS256", "PS256"],
      }));
    } catch (error) {
      throw new CodedError(
        isInvalidity(error) ? "CREDENTIAL_INVALID" : "SERVICE_UNAVAILABLE",
        undefined,
        {},
        { cause: error },
      );
    }
    const claims = claimsSchema.safeParse(payload);
    if (!claims.success) throw new CodedError("CREDENTIAL_INVALID", undefined, {}, { cause: claims.error });
    const { sub, sid, roles, scopes, exp, iat = 0 } = claims.data;
    const identity: CallerIdentity = Object.freeze({
      subject: sub,
      roles: Object.freeze(roles),
      scopes: Object.freeze(scopes),
      credential: "session",
      sessionId: sid ?? null,
    });
    const caller: Caller = Object.freeze({
      identity,
      expiresAtMs: exp * 1_000,
      issuedAtMs: iat * 1_000,
      revocableAs: Object.freeze([`USER:${sub}`, ...(sid === undefined ? [] : [`SESSION:${sid}`])]),
    });
    if (caller.expiresAtMs! <= Date.now()) throw new CodedError("CREDENTIAL_INVALID");
    if (this.#verified.size >= TOKENS_CACHED_MAX) this.#verified.delete(this.#verified.keys().next().value as string);
    this.#verified.set(token, caller);
    return caller;
  }
}

/** Whether the token is at fault, rather than the way to the keys. */
function isInvalidity(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return false;
  return (
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    error.code !== "ERR_JOSE_GENERIC"
  );
}
