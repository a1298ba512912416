import { generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { validateValue } from "@mib/events/validate";
import { ANONYMOUS, type CallerIdentity } from "@mib/identity/caller-identity";
import { openDatabase, type Database } from "@mib/subgraph-server/database";
import { eventually } from "@mib/testkit/eventually";
import { createTestDatabase, type TestDatabase } from "@mib/testkit/servers";
import { startTestSubgraph, type TestAnswer, type TestSubgraph } from "@mib/subgraph-server/test-subgraph";
import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createAccessTokens } from "./io/access-tokens.ts";
import { cleanUp } from "./io/cleanup.ts";
import { authSubgraph } from "./subgraph.ts";
import type { Accounts } from "./domain/accounts.ts";
import { API_KEY_RANDOM_BYTES, makeApiKey } from "./domain/api-key.ts";

const PASSWORD = "correct horse battery staple";
const DAY_MS = 86_400_000;

let server: TestDatabase;
let database: Database;
let subgraph: TestSubgraph;
let accounts: Accounts;
let folder: string;
const clock = { ms: Date.parse("2026-01-01T00:00:00Z") };

beforeAll(async () => {
  server = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), "mib-auth-"));
  for (const name of ["current", "previous"]) {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519", {
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    await writeFile(join(folder, `${name}.pem`), privateKey);
    await writeFile(join(folder, `${name}.pub.pem`), publicKey);
  }
  subgraph = await startTestSubgraph("auth", async (service) => {
    database = await openDatabase(service, {
      url: server.url,
      schema: "auth",
      migrations: new URL("../migrations/", import.meta.url),
    });
    const built = await authSubgraph({
      database,
      tokens: await createAccessTokens({
        signingKeyFile: join(folder, "current.pem"),
        verificationKeyFiles: [join(folder, "previous.pub.pem")],
        lifetimeMs: 600_000,
      }),
      lifetimes: { refreshMsMax: 30 * DAY_MS, sessionMsMax: 90 * DAY_MS },
      apiKeyEnvironment: "test",
      surroundings: { now: () => new Date(clock.ms), uuid: () => randomUUID(), randomBytes },
    });
    accounts = built.accounts;
    return built.options;
  });
});
afterAll(async () => {
  await subgraph.stop();
  await server.drop();
  await rm(folder, { recursive: true });
});

let address = 0;
let origin: string;
beforeEach(async () => {
  // An address of its own for each test, so that one test's failures don't slow another.
  origin = `192.0.2.${(address += 1)}`;
  await database.query("DELETE FROM outbox");
});

const ask = (query: string, variables: object = {}, identity: CallerIdentity = ANONYMOUS) =>
  subgraph.ask(query, variables as Record<string, unknown>, identity, { "x-forwarded-for": origin });
const code = (answer: TestAnswer) => answer.errors?.[0]?.extensions.code;
const SESSION = "accessToken refreshToken expiresAt user { id email roles apiKeys { id } }";
const signUp = (email: string, password = PASSWORD) =>
  ask(`mutation ($email: String!, $password: String!) { signUp(email: $email, password: $password) { ${SESSION} } }`, {
    email,
    password,
  });
const logIn = (email: string, password = PASSWORD) =>
  ask(`mutation ($email: String!, $password: String!) { logIn(email: $email, password: $password) { ${SESSION} } }`, {
    email,
    password,
  });
const refresh = (refreshToken: string) =>
  ask(`mutation ($refreshToken: String!) { refreshSession(refreshToken: $refreshToken) { ${SESSION} } }`, {
    refreshToken,
  });

/** What the router would make of an access token. */
function identityOf(accessToken: string): CallerIdentity {
  const { sub, roles, scopes, sid } = decodeJwt(accessToken) as {
    sub: string;
    roles: string[];
    scopes: string[];
    sid: string;
  };
  return { subject: sub, roles, scopes, credential: "session", sessionId: sid };
}

async function newUser(email = `${randomUUID()}@example.com`) {
  const session = (await signUp(email)).data.signUp;
  return { email, session, identity: identityOf(session.accessToken), id: session.user.id as string };
}

async function announced(topic: string): Promise<Record<string, any>[]> {
  const { rows } = await database.query<{ value: string }>("SELECT value FROM outbox WHERE topic = $1 ORDER BY id", [
    topic,
  ]);
  for (const { value } of rows) expect(validateValue(topic, value)).toMatchObject({ ok: true });
  return rows.map(({ value }) => JSON.parse(value));
}

/** Holds a user's row, as a transaction does that has not ended yet. */
async function heldUser(id: string) {
  const client = await database.connect();
  await client.query("BEGIN");
  await client.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [id]);
  let held = true;
  const release = async (statement?: string) => {
    if (!held) return;
    held = false;
    if (statement) await client.query(statement, [id]);
    await client.query("COMMIT");
    client.release();
  };
  return {
    release,
    /** Returns when so many transactions wait. */
    awaitedBy: (count: number) =>
      eventually(async () => {
        const { rows } = await database.query<{ waiting: number }>(
          "SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        expect(rows[0]?.waiting).toBe(count);
      }),
    [Symbol.asyncDispose]: () => release(),
  };
}

async function verifyKey(key: unknown) {
  const response = await fetch(`${subgraph.url}/internal/api-keys/verify`, {
    method: "POST",
    headers: { "x-mib-identity": await subgraph.sign(), "content-type": "application/json" },
    body: JSON.stringify({ key }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, any> };
}

describe("signing up and logging in", () => {
  test("somebody who signed up has a session, can log in, and is who they say", async () => {
    const { data } = await signUp(" Ada@Example.com ");
    expect(data.signUp.user).toMatchObject({ email: "ada@example.com", roles: ["user"], apiKeys: [] });
    expect(data.signUp.expiresAt).toBe("2026-01-01T00:10:00Z");
    const again = (await logIn("ADA@example.COM")).data.logIn;
    expect(await ask("{ me { id email } }", {}, identityOf(again.accessToken))).toEqual({
      data: { me: { id: data.signUp.user.id, email: "ada@example.com" } },
    });
    expect(
      (await announced("audit.events.v1")).map(({ action, actor, origin: from, outcome }) => [
        action,
        actor,
        from,
        outcome,
      ]),
    ).toEqual([
      ["account.create", data.signUp.user.id, origin, "SUCCESS"],
      ["session.create", data.signUp.user.id, origin, "SUCCESS"],
    ]);
  });

  test("nobody is nobody", async () => {
    expect(await ask("{ me { id } }")).toEqual({ data: { me: null } });
  });

  test.each([
    ["no-address", PASSWORD, "EMAIL_INVALID"],
    ["control\u0000@example.com", PASSWORD, "EMAIL_INVALID"],
    ["weak@example.com", "password123", "PASSWORD_TOO_WEAK"],
    ["weak@example.com", "short", "PASSWORD_TOO_WEAK"],
  ])("%s with %s is refused: %s", async (email, password, expected) => {
    expect(code(await signUp(email, password))).toBe(expected);
  });

  test("an address is taken once, also when two sign up at the same moment", async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) => signUp(index % 2 ? "Twice@example.com" : "twice@example.com")),
    );
    expect(answers.map((answer) => code(answer) ?? "OK").sort()).toEqual([
      "EMAIL_TAKEN",
      "EMAIL_TAKEN",
      "EMAIL_TAKEN",
      "EMAIL_TAKEN",
      "OK",
    ]);
  });

  test("a wrong password and an unknown address get the same answer after the same work", async () => {
    const { email } = await newUser();
    const wrong = await logIn(email, "wrong horse battery staple");
    const unknown = await logIn("nobody@example.com", "wrong horse battery staple");
    expect(code(wrong)).toBe("CREDENTIALS_INVALID");
    expect(wrong.errors?.[0]?.message).toBe(unknown.errors?.[0]?.message);
    expect((await announced("audit.events.v1")).filter(({ outcome }) => outcome === "DENIED")).toHaveLength(2);
  });

  test("after failures one has to wait, and the right password in time makes them forgotten", async () => {
    const { email } = await newUser();
    for (let attempt = 0; attempt < 5; attempt += 1)
      expect(code(await logIn(email, "wrong"))).toBe("CREDENTIALS_INVALID");
    const throttled = await logIn(email);
    expect(throttled.errors?.[0]).toMatchObject({
      message: "Too many failed attempts: wait 1 s.",
      extensions: { code: "RATE_LIMITED", retryAfterSeconds: 1 },
    });
    clock.ms += 1_001;
    expect((await logIn(email)).errors).toBeUndefined();
    expect(code(await logIn(email, "wrong"))).toBe("CREDENTIALS_INVALID");
    expect((await logIn(email)).errors).toBeUndefined();
  });

  test("of many tries at the same moment no more are looked at than one after another", async () => {
    const { email } = await newUser();
    const answers = await Promise.all(Array.from({ length: 20 }, () => logIn(email, "wrong horse battery staple")));
    expect(answers.map((answer) => String(code(answer))).toSorted()).toEqual([
      ...new Array<string>(5).fill("CREDENTIALS_INVALID"),
      ...new Array<string>(15).fill("RATE_LIMITED"),
    ]);
  });

  test("somebody whose account ends while the password is looked at is not let in", async () => {
    const { email, id } = await newUser();
    await using user = await heldUser(id);
    const loggingIn = logIn(email);
    await user.awaitedBy(1);
    await user.release("DELETE FROM users WHERE id = $1");
    expect(code(await loggingIn)).toBe("CREDENTIALS_INVALID");
  });

  test("a password is stored as argon2id with its parameters and nowhere else", async () => {
    const { id } = await newUser();
    const { rows } = await database.query("SELECT password_hash FROM users WHERE id = $1", [id]);
    expect(rows[0].password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    const { rows: everything } = await database.query("SELECT count(*)::int AS found FROM outbox WHERE value LIKE $1", [
      `%${PASSWORD}%`,
    ]);
    expect(everything[0].found).toBe(0);
  });
});

describe("tokens", () => {
  test("an access token is verified with the published keys, and says who, what and until when", async () => {
    const { session, id } = await newUser();
    const jwks = (await (await fetch(`${subgraph.url}/.well-known/jwks.json`)).json()) as Parameters<
      typeof createLocalJWKSet
    >[0];
    expect(jwks.keys).toHaveLength(2);
    expect(jwks.keys.every((key) => !("d" in key))).toBe(true);
    const { payload } = await jwtVerify(session.accessToken, createLocalJWKSet(jwks), {
      issuer: "mib-auth",
      audience: "mib",
      algorithms: ["EdDSA"],
      currentDate: new Date(clock.ms),
    });
    expect(payload).toMatchObject({
      sub: id,
      roles: ["user"],
      scopes: expect.arrayContaining(["market:read"]),
      sid: expect.any(String),
    });
    expect((payload.exp as number) - Math.floor(payload.iat as number)).toBe(600);
  });

  test("a refresh token works once and is followed by another of the same session", async () => {
    const { session } = await newUser();
    const next = (await refresh(session.refreshToken)).data.refreshSession;
    expect(next.refreshToken).not.toBe(session.refreshToken);
    expect(identityOf(next.accessToken).sessionId).toBe(identityOf(session.accessToken).sessionId);
    expect((await refresh(next.refreshToken)).errors).toBeUndefined();
  });

  test("a refresh token that is used again ends the session, for the thief and for the owner", async () => {
    const { session, identity } = await newUser();
    const next = (await refresh(session.refreshToken)).data.refreshSession;
    await database.query("DELETE FROM outbox");
    expect(code(await refresh(session.refreshToken))).toBe("REFRESH_TOKEN_REUSED");
    expect(code(await refresh(next.refreshToken))).toBe("REFRESH_TOKEN_INVALID");
    expect(await announced("auth.revocations.v1")).toEqual([
      expect.objectContaining({ kind: "SESSION", target: identity.sessionId }),
    ]);
    expect(await announced("audit.events.v1")).toEqual([
      expect.objectContaining({ action: "session.reuse", outcome: "DENIED", actor: identity.subject }),
    ]);
  });

  test("a second use is noticed for as long as the session lives, also when the token itself is long over", async () => {
    const { session } = await newUser();
    let { refreshToken } = session;
    for (let month = 0; month < 2; month += 1) {
      clock.ms += 20 * DAY_MS;
      refreshToken = (await refresh(refreshToken)).data.refreshSession.refreshToken;
    }
    expect(code(await refresh(session.refreshToken))).toBe("REFRESH_TOKEN_REUSED");
    expect(code(await refresh(refreshToken))).toBe("REFRESH_TOKEN_INVALID");
  });

  test("of many uses at the same moment at most one succeeds", async () => {
    const { session } = await newUser();
    const answers = await Promise.all(Array.from({ length: 6 }, () => refresh(session.refreshToken)));
    expect(answers.filter((answer) => !answer.errors)).toHaveLength(1);
  });

  test("a refresh token ends when it lies unused, and a session ends however often it is refreshed", async () => {
    const start = clock.ms;
    const { session } = await newUser();
    clock.ms = start + 31 * DAY_MS;
    expect(code(await refresh(session.refreshToken))).toBe("REFRESH_TOKEN_INVALID");
    let { refreshToken } = (await newUser()).session;
    for (let day = 0; day < 4; day += 1) {
      clock.ms += 22 * DAY_MS;
      refreshToken = (await refresh(refreshToken)).data.refreshSession.refreshToken;
    }
    clock.ms += 3 * DAY_MS;
    expect(code(await refresh(refreshToken))).toBe("REFRESH_TOKEN_INVALID");
    expect(code(await refresh("mib_refresh_nonsense"))).toBe("REFRESH_TOKEN_INVALID");
  });

  test("logging out ends the session once, and says so to everybody who verifies tokens", async () => {
    const { session, identity } = await newUser();
    expect((await ask("mutation { logOut }", {}, identity)).data).toEqual({ logOut: true });
    expect(code(await ask("mutation { logOut }", {}, identity))).toBe("CREDENTIAL_INVALID");
    expect(code(await refresh(session.refreshToken))).toBe("REFRESH_TOKEN_INVALID");
    expect(code(await ask("mutation { logOut }"))).toBe("UNAUTHENTICATED");
    expect(await announced("auth.revocations.v1")).toEqual([
      expect.objectContaining({ kind: "SESSION", target: identity.sessionId }),
    ]);
  });
});

describe("API keys", () => {
  const create = (identity: CallerIdentity, scopes = ["news:read"], name = "ci") =>
    ask(
      "mutation ($name: String!, $scopes: [String!]!) { createApiKey(name: $name, scopes: $scopes) { secret apiKey { id name prefix scopes createdAt lastUsedAt revokedAt } } }",
      { name, scopes },
      identity,
    );

  test("a key is shown once, verified by its hash, and its use is noted", async () => {
    const { identity, id } = await newUser();
    const { secret, apiKey } = (await create(identity, ["news:read", "market:read"])).data.createApiKey;
    expect(secret).toMatch(new RegExp(`^${apiKey.prefix}_[0-9A-Za-z]{38}$`));
    expect(apiKey).toMatchObject({
      name: "ci",
      scopes: ["market:read", "news:read"],
      lastUsedAt: null,
      revokedAt: null,
    });
    expect(await verifyKey(secret)).toEqual({
      status: 200,
      body: { subject: id, roles: ["user"], scopes: ["market:read", "news:read"], keyId: apiKey.id },
    });
    const listed = await ask("{ me { apiKeys { id lastUsedAt } } }", {}, identity);
    expect(listed.data.me.apiKeys).toEqual([{ id: apiKey.id, lastUsedAt: expect.any(String) }]);
    const { rows } = await database.query("SELECT api_keys::text AS row FROM api_keys WHERE id = $1", [apiKey.id]);
    expect(rows[0].row).not.toContain(secret.slice(-38, -6));
  });

  test("a key without account:read learns who it is for, and nothing of the account", async () => {
    const { identity, id } = await newUser();
    const key = (scopes: string[]): CallerIdentity => ({ ...identity, scopes, credential: "api_key", sessionId: null });
    expect((await ask("{ me { id } }", {}, key(["alerts:read"]))).data.me).toEqual({ id });
    for (const field of ["email", "roles", "apiKeys { id }"])
      expect(code(await ask(`{ me { ${field} } }`, {}, key(["alerts:read"])))).toBe("FORBIDDEN");
    expect((await ask("{ me { email } }", {}, key(["account:read"]))).errors).toBeUndefined();
  });

  test("what is no key, and a key that was changed or revoked, is refused", async () => {
    const { identity } = await newUser();
    const { secret, apiKey } = (await create(identity)).data.createApiKey;
    for (const wrong of ["nonsense", `${secret}x`, secret.replace("test", "live")])
      expect(await verifyKey(wrong)).toMatchObject({ status: 401 });
    expect(await verifyKey(5)).toMatchObject({ status: 400 });
    const revoke = (as: CallerIdentity) =>
      ask("mutation ($id: ID!) { revokeApiKey(id: $id) { id revokedAt } }", { id: apiKey.id }, as);
    expect(code(await revoke((await newUser()).identity))).toBe("API_KEY_NOT_FOUND");
    expect((await verifyKey(secret)).status).toBe(200);
    const { revokedAt } = (await revoke(identity)).data.revokeApiKey;
    clock.ms += 5_000;
    expect((await revoke(identity)).data.revokeApiKey.revokedAt).toBe(revokedAt);
    expect(await verifyKey(secret)).toMatchObject({
      status: 401,
      body: { errors: [{ extensions: { code: "CREDENTIAL_INVALID" } }] },
    });
    expect(await announced("auth.revocations.v1")).toEqual([
      expect.objectContaining({ kind: "API_KEY", target: apiKey.id }),
    ]);
  });

  test("a well-formed key with the id of another and a secret of its own is refused", async () => {
    const { identity } = await newUser();
    const { apiKey } = (await create(identity)).data.createApiKey;
    const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const random = Buffer.alloc(API_KEY_RANDOM_BYTES);
    for (const [at, digit] of Array.from(apiKey.id as string).entries()) random[2 * at + 1] = digits.indexOf(digit);
    const forged = makeApiKey("test", random);
    expect(forged.id).toBe(apiKey.id);
    expect((await verifyKey(forged.key)).status).toBe(401);
  });

  test("the verify path answers nobody without the router's identity", async () => {
    const response = await fetch(`${subgraph.url}/internal/api-keys/verify`, { method: "POST", body: `{"key":"x"}` });
    expect(response.status).toBe(401);
  });

  test("a key has no more rights than its owner, and cannot make another", async () => {
    const { identity } = await newUser();
    expect(code(await create(identity, ["accounts:admin"]))).toBe("FORBIDDEN");
    expect(code(await create(identity, ["fly"]))).toBe("SCOPE_UNKNOWN");
    expect(code(await create(identity, ["news:read"], " "))).toBe("BAD_USER_INPUT");
    expect(code(await create(identity, ["news:read"], "\u0000"))).toBe("BAD_USER_INPUT");
    expect(code(await create({ ...identity, credential: "api_key", sessionId: null }))).toBe("FORBIDDEN");
    expect(code(await create(ANONYMOUS))).toBe("UNAUTHENTICATED");
  });

  test("twenty keys are enough, also for those who ask for many at the same moment", async () => {
    const { identity } = await newUser();
    const answers = await Promise.all(Array.from({ length: 22 }, () => create(identity)));
    expect(answers.filter((answer) => code(answer) === "API_KEY_LIMIT_EXCEEDED")).toHaveLength(2);
  });
});

describe("other people", () => {
  test("a user is resolved for themselves and for nobody else", async () => {
    const [ada, bob] = [await newUser(), await newUser()];
    const query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { id email } } }";
    const variables = { r: [ada, bob].map(({ id }) => ({ __typename: "User", id })) };
    expect((await ask(query, variables, ada.identity)).data._entities).toEqual([
      { id: ada.id, email: ada.email },
      null,
    ]);
    expect((await ask(query, variables)).data._entities).toEqual([null, null]);
  });

  const rolesOf =
    (id: string) =>
    (as: CallerIdentity, roles: string[], userId = id) =>
      ask(
        "mutation ($userId: ID!, $roles: [String!]!) { setRoles(userId: $userId, roles: $roles) { id roles } }",
        { userId, roles },
        as,
      );
  const adminIdentity = async () => identityOf((await logIn("root@example.com")).data.logIn.accessToken);

  test("an administrator gives roles, and tokens with the old ones end", async () => {
    const made = await accounts.ensure({ email: "root@example.com", password: PASSWORD }, ["user", "admin"]);
    expect([made, await accounts.ensure({ email: "root@example.com", password: PASSWORD }, ["admin"])]).toEqual([
      true,
      false,
    ]);
    const admin = await adminIdentity();
    const ada = await newUser();
    const setRoles = rolesOf(ada.id);
    expect(code(await setRoles(ada.identity, ["admin"]))).toBe("FORBIDDEN");
    expect(code(await setRoles(admin, ["king"]))).toBe("BAD_USER_INPUT");
    expect(code(await setRoles(admin, ["user"], "nobody"))).toBe("NOT_FOUND");
    expect((await setRoles(admin, ["user", "analyst"])).data.setRoles.roles).toEqual(["user", "analyst"]);
    expect((await refresh(ada.session.refreshToken)).data.refreshSession.user.roles).toEqual(["user", "analyst"]);
    expect(await announced("auth.revocations.v1")).toEqual([expect.objectContaining({ kind: "USER", target: ada.id })]);
  });

  test("no token with the old roles is younger than their end, also when it is made at that moment", async () => {
    await accounts.ensure({ email: "root@example.com", password: PASSWORD }, ["user", "admin"]);
    const [admin, ada] = [await adminIdentity(), await newUser()];
    await database.query("DELETE FROM outbox");
    await using user = await heldUser(ada.id);
    const changing = rolesOf(ada.id)(admin, ["user", "analyst"]);
    await user.awaitedBy(1);
    clock.ms += 1_000;
    const refreshing = refresh(ada.session.refreshToken);
    await Promise.race([refreshing, user.awaitedBy(2)]);
    await user.release();
    await changing;
    const { accessToken } = (await refreshing).data.refreshSession;
    const { roles, iat } = decodeJwt<{ roles: string[] }>(accessToken);
    const [end] = await announced("auth.revocations.v1");
    expect(roles.includes("analyst") || (iat as number) * 1_000 <= Date.parse(end?.["at"])).toBe(true);
  });
});

describe("the end", () => {
  const remove = (identity: CallerIdentity, password = PASSWORD) =>
    ask("mutation ($password: String!) { deleteAccount(password: $password) }", { password }, identity);

  test("deleting an account takes the password, and leaves nothing but the trace that it was done", async () => {
    const { identity, id, email, session } = await newUser();
    await ask(`mutation { createApiKey(name: "x", scopes: ["news:read"]) { secret } }`, {}, identity);
    expect(code(await remove(identity, "wrong"))).toBe("CREDENTIALS_INVALID");
    await database.query("DELETE FROM outbox");
    expect((await remove(identity)).data).toEqual({ deleteAccount: true });
    expect(code(await logIn(email))).toBe("CREDENTIALS_INVALID");
    expect(code(await refresh(session.refreshToken))).toBe("REFRESH_TOKEN_INVALID");
    expect((await ask("{ me { id } }", {}, identity)).data).toEqual({ me: null });
    const { rows } = await database.query(
      "SELECT (SELECT count(*) FROM users WHERE id = $1) + (SELECT count(*) FROM sessions WHERE user_id = $1) + (SELECT count(*) FROM api_keys WHERE user_id = $1) AS left",
      [id],
    );
    expect(rows[0].left).toBe("0");
    expect(await announced("auth.revocations.v1")).toEqual([expect.objectContaining({ kind: "USER", target: id })]);
    expect(await announced("auth.deletions.v1")).toEqual([{ user: id, at: expect.any(String) }]);
    expect((await signUp(email)).errors).toBeUndefined();
  });

  test("clean-up deletes sessions that ended long ago and no others", async () => {
    const { identity } = await newUser();
    await database.query("UPDATE sessions SET expires_at = $2::timestamptz - interval '31 days' WHERE id = $1", [
      identity.sessionId,
      new Date(clock.ms),
    ]);
    const other = await newUser();
    await cleanUp(database, new Date(clock.ms));
    const { rows } = await database.query("SELECT id FROM sessions WHERE id = ANY($1)", [
      [identity.sessionId, other.identity.sessionId],
    ]);
    expect(rows).toEqual([{ id: other.identity.sessionId }]);
  });
});
