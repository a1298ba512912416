import { SignJWT, importPKCS8 } from "jose";
import { expect, test } from "vitest";
import { ANONYMOUS, type CallerIdentity } from "./caller-identity.ts";
import { generateIdentityKeys } from "./identity-keys.ts";
import { createIdentitySigner } from "./identity-signer.ts";
import { createIdentityVerifier } from "./identity-verifier.ts";

const keys = generateIdentityKeys();
const ada: CallerIdentity = {
  subject: "u1",
  roles: ["analyst"],
  scopes: ["news:read"],
  credential: "session",
  sessionId: "s1",
};

/** A signer and a verifier that share a clock which stands still until it is moved. */
async function pair({ audience = "auth", signWith = keys, at = 1_800_000_000_000 } = {}) {
  const clock = { ms: at };
  const now = () => clock.ms;
  const signer = await createIdentitySigner({ privateKeyPem: signWith.privateKeyPem, now });
  const verifier = await createIdentityVerifier({ publicKeyPem: keys.publicKeyPem, audience, now });
  return { clock, signer, verifier };
}

const refusal = (code: string) => expect.objectContaining({ code });

test.each([
  ["a user", ada],
  ["an API key", { ...ada, credential: "api_key", sessionId: null } as const],
  ["an anonymous caller", ANONYMOUS],
])("the verifier returns what the signer was given: %s", async (_, identity) => {
  const { signer, verifier } = await pair();
  expect(await verifier.verify(await signer.sign(identity, "auth"))).toEqual(identity);
});

test("a missing identity is told apart from an invalid one", async () => {
  const { verifier } = await pair();
  await expect(verifier.verify(null)).rejects.toEqual(refusal("IDENTITY_MISSING"));
  await expect(verifier.verify("")).rejects.toEqual(refusal("IDENTITY_MISSING"));
  await expect(verifier.verify("x.y.z")).rejects.toEqual(refusal("IDENTITY_INVALID"));
  await expect(verifier.verify("x".repeat(100_000))).rejects.toEqual(refusal("IDENTITY_INVALID"));
});

test("an identity for another subgraph is refused", async () => {
  const { signer, verifier } = await pair();
  await expect(verifier.verify(await signer.sign(ada, "notification"))).rejects.toEqual(refusal("IDENTITY_INVALID"));
});

test("an identity signed with another key is refused", async () => {
  const { signer, verifier } = await pair({ signWith: generateIdentityKeys() });
  await expect(verifier.verify(await signer.sign(ada, "auth"))).rejects.toEqual(refusal("IDENTITY_INVALID"));
});

test("a changed identity is refused", async () => {
  const { signer, verifier } = await pair();
  const [header, payload, signature] = (await signer.sign(ada, "auth")).split(".") as [string, string, string];
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  const forged = Buffer.from(JSON.stringify({ ...claims, roles: ["admin"] })).toString("base64url");
  await expect(verifier.verify(`${header}.${forged}.${signature}`)).rejects.toEqual(refusal("IDENTITY_INVALID"));
  const unsigned = Buffer.from(`{"alg":"none"}`).toString("base64url");
  await expect(verifier.verify(`${unsigned}.${payload}.`)).rejects.toEqual(refusal("IDENTITY_INVALID"));
});

test("an identity ends after five minutes, also when it was verified before", async () => {
  const { clock, signer, verifier } = await pair();
  const token = await signer.sign(ada, "auth");
  await verifier.verify(token);
  clock.ms += 299_000;
  await verifier.verify(token);
  clock.ms += 7_000;
  await expect(verifier.verify(token)).rejects.toEqual(refusal("IDENTITY_INVALID"));
});

test("a correctly signed token that no router would make is refused", async () => {
  const { verifier } = await pair();
  const key = await importPKCS8(keys.privateKeyPem, "EdDSA");
  const sign = (claims: Record<string, unknown>, issuer = "mib-router", expiresInSeconds = 300) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: "EdDSA" })
      .setIssuer(issuer)
      .setAudience("auth")
      .setIssuedAt(1_800_000_000)
      .setExpirationTime(1_800_000_000 + expiresInSeconds)
      .sign(key);
  const whole = { sub: "u1", roles: [], scopes: [], cred: "session" };
  await verifier.verify(await sign(whole));
  for (const token of [
    await sign(whole, "mib-auth"),
    await sign(whole, "mib-router", 86_400),
    await sign({ ...whole, cred: "none" }),
    await sign({ roles: [], scopes: [], cred: "session" }),
    await sign({ ...whole, roles: "admin" }),
  ]) {
    await expect(verifier.verify(token)).rejects.toEqual(refusal("IDENTITY_INVALID"));
  }
});

test("a turn is the same for a caller from every router with the key, another each day, and says nothing without the key", async () => {
  const { clock, signer } = await pair();
  const turn = signer.turnOf("user u1");
  expect((await pair()).signer.turnOf("user u1")).toBe(turn);
  expect(turn).toMatch(/^[\w-]{22}$/);
  const others = [
    signer.turnOf("user u2"),
    signer.turnOf("address u1"),
    (await pair({ signWith: generateIdentityKeys() })).signer.turnOf("user u1"),
  ];
  clock.ms += 86_400_000;
  expect(new Set([...others, signer.turnOf("user u1"), turn]).size).toBe(5);
});

test("the same caller gets the same token until a minute before its end, and others get their own", async () => {
  const { clock, signer } = await pair();
  const first = await signer.sign(ada, "auth");
  expect(signer.sign(ada, "auth")).toBe(first);
  expect(await signer.sign(ada, "notification")).not.toBe(first);
  expect(await signer.sign({ ...ada, subject: "u2" }, "auth")).not.toBe(first);
  expect(await signer.sign({ ...ada, roles: [] }, "auth")).not.toBe(first);
  clock.ms += 241_000;
  expect(await signer.sign(ada, "auth")).not.toBe(first);
});
