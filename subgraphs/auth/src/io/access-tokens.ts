import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { calculateJwkThumbprint, exportJWK, SignJWT, type JWK } from "jose";
import type { AccessTokenIssuer } from "../domain/ports.ts";
import { scopesOf } from "../domain/roles.ts";

const ISSUER = "mib-auth";
const AUDIENCE = "mib";
const ALGORITHM = "EdDSA";

/**
 * Signs access tokens, and says with which keys they can be verified. To change keys: publish the new public key first
 * (`verificationKeyFiles`), then sign with it and publish the old one, then drop the old one after the tokens' lifetime.
 */
export async function createAccessTokens(options: {
  signingKeyFile: string;
  verificationKeyFiles: readonly string[];
  lifetimeMs: number;
}): Promise<{ issuer: AccessTokenIssuer; jwks: { keys: JWK[] } }> {
  const key = createPrivateKey(await readFile(options.signingKeyFile));
  const own = await publicJwk(createPublicKey(key), options.signingKeyFile);
  const others = await Promise.all(
    options.verificationKeyFiles.map(async (file) => publicJwk(createPublicKey(await readFile(file)), file)),
  );
  const keys = [own, ...others.filter(({ kid }) => kid !== own.kid)];
  return {
    jwks: { keys },
    issuer: {
      async issue(user, sessionId, at) {
        const issuedAt = Math.floor(at.getTime() / 1000);
        const expiresAt = issuedAt + Math.floor(options.lifetimeMs / 1000);
        const token = await new SignJWT({ roles: user.roles, scopes: scopesOf(user.roles), sid: sessionId })
          .setProtectedHeader({ alg: ALGORITHM, kid: own.kid as string, typ: "at+jwt" })
          .setIssuer(ISSUER)
          .setAudience(AUDIENCE)
          .setSubject(user.id)
          // To the millisecond: what is issued right after a revocation is not meant by it.
          .setIssuedAt(at.getTime() / 1000)
          .setExpirationTime(expiresAt)
          .sign(key);
        return { token, expiresAt: new Date(expiresAt * 1000) };
      },
    },
  };
}

/** A public key in the form of a JWKS, named by its own thumbprint. */
async function publicJwk(key: KeyObject, file: string): Promise<JWK> {
  if (key.asymmetricKeyType !== "ed25519") throw new Error(`${file} holds no Ed25519 key`);
  const jwk = await exportJWK(key);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: ALGORITHM, use: "sig" };
}
