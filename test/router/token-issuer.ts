import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { onTestFinished } from "vitest";

export interface Issuer {
  jwksUrl: string;
  verifyUrl: string;
  token(claims: Record<string, unknown>, options?: { expiresInSeconds?: number }): Promise<string>;
  /** Publishes a new key; tokens are signed with it from now on. */
  rotate(): Promise<void>;
  /** API keys that are good, with what the answer says about them. */
  apiKeys: Map<string, { subject: string; roles: string[]; scopes: string[] }>;
  /** How often each path was asked. */
  asked: { jwks: number; verify: number };
  /** Answers everything with 500. */
  broken: boolean;
}

/** A server that publishes keys, signs access tokens and knows API keys, as an auth service does. */
export async function issuer(): Promise<Issuer> {
  const keys: { kid: string; privateKey: CryptoKey; publicJwk: object }[] = [];
  const rotate = async () => {
    const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
    const kid = `k${keys.length + 1}`;
    keys.push({
      kid,
      privateKey,
      publicJwk: { ...(await exportJWK(publicKey)), kid, alg: "EdDSA", use: "sig" },
    });
  };
  await rotate();
  const state: Issuer = {
    jwksUrl: "",
    verifyUrl: "",
    rotate,
    apiKeys: new Map(),
    asked: { jwks: 0, verify: 0 },
    broken: false,
    token(claims, { expiresInSeconds = 600 } = {}) {
      const { kid, privateKey } = keys.at(-1)!;
      const now = Math.floor(Date.now() / 1_000);
      return new SignJWT(claims)
        .setProtectedHeader({ alg: "EdDSA", kid })
        .setIssuedAt(now)
        .setExpirationTime(now + expiresInSeconds)
        .sign(privateKey);
    },
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const answer = (status: number, body: unknown) =>
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      if (state.broken) return answer(500, {});
      if (request.url === "/jwks.json") {
        state.asked.jwks += 1;
        return answer(200, { keys: keys.map(({ publicJwk }) => publicJwk) });
      }
      state.asked.verify += 1;
      const { key } = JSON.parse(Buffer.concat(chunks).toString()) as { key: string };
      const known = state.apiKeys.get(key);
      return known ? answer(200, { ...known, keyId: "1" }) : answer(401, {});
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  state.jwksUrl = `${base}/jwks.json`;
  state.verifyUrl = `${base}/verify`;
  return state;
}
