import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { API_KEY_RANDOM_BYTES, makeApiKey, parseApiKey } from "./api-key.ts";
import { normalisedEmail } from "./email.ts";
import { ACCOUNT_POLICY, afterTry, waitMs, withoutTry } from "./login-throttle.ts";
import { passwordProblem } from "./password.ts";
import { checkedScopes, scopesOf } from "./roles.ts";

const anyRandom = fc.uint8Array({ minLength: API_KEY_RANDOM_BYTES, maxLength: API_KEY_RANDOM_BYTES });

test.each([
  ["  Ada@Example.COM ", "ada@example.com"],
  ["ada+news@example.com", "ada+news@example.com"],
  ["ada@bücher.example", "ada@xn--bcher-kva.example"],
  ["ada", null],
  ["@example.com", null],
  ["ada@localhost", null],
  ["a b@example.com", null],
  [`${"a".repeat(65)}@example.com`, null],
  ["ada@example.com.", null],
])("the address %j is kept as %j", (text, kept) => {
  expect(normalisedEmail(text)).toBe(kept);
});

test.each([
  ["correct horse battery staple", true],
  ["n8!vQ2#kLp", true],
  ["short", false],
  ["aaaaaaaaaaaaaa", false],
  ["Password1234", false],
  ["ada.lovelace", false],
  ["ada.lovelace1815", false],
  ["ada.lovelace@example.com", false],
  ["xyz".repeat(200), false],
])("the password %j is good: %j", (password, good) => {
  expect(passwordProblem(password, "ada.lovelace@example.com") === null).toBe(good);
});

describe("API keys", () => {
  test("a key can be taken apart again", () => {
    fc.assert(
      fc.property(fc.constantFrom("live" as const, "test" as const), anyRandom, (environment, random) => {
        const { id, key, prefix } = makeApiKey(environment, random);
        expect(parseApiKey(key)).toMatchObject({ environment, id });
        expect(key.startsWith(`${prefix}_`)).toBe(true);
      }),
    );
  });

  test("a key with one changed character is noticed without a look-up", () => {
    fc.assert(
      fc.property(anyRandom, fc.nat(), fc.constantFrom("0", "A", "z"), (random, at, character) => {
        const { key } = makeApiKey("live", random);
        const position = "mib_live_".length + (at % (key.length - "mib_live_".length));
        fc.pre(key[position] !== character && key[position] !== "_");
        expect(parseApiKey(key.slice(0, position) + character + key.slice(position + 1))).toBeNull();
      }),
    );
  });

  test("a key of one environment is none of the other", () => {
    const { key } = makeApiKey("live", new Uint8Array(API_KEY_RANDOM_BYTES));
    expect(parseApiKey(key.replace("live", "test"))).toBeNull();
  });
});

test("a key can have the scopes of its owner and no others", () => {
  expect(checkedScopes(["news:read", "market:read", "news:read"], ["user"])).toEqual(["market:read", "news:read"]);
  expect(() => checkedScopes(["accounts:admin"], ["user"])).toThrow(expect.objectContaining({ code: "FORBIDDEN" }));
  expect(() => checkedScopes(["everything"], ["admin"])).toThrow(expect.objectContaining({ code: "SCOPE_UNKNOWN" }));
  expect(() => checkedScopes([], ["admin"])).toThrow(expect.objectContaining({ code: "SCOPE_UNKNOWN" }));
  expect(scopesOf(["analyst", "user"])).toEqual([...new Set(scopesOf(["analyst", "user"]))]);
});

test("the wait after failures doubles up to a limit, shrinks as time passes, and is forgotten", () => {
  const now = new Date("2026-01-01T00:00:00Z");
  const after = (failures: number, agoMs = 0) =>
    waitMs({ failures, lastFailedAt: new Date(now.getTime() - agoMs) }, ACCOUNT_POLICY, now);
  expect(waitMs(null, ACCOUNT_POLICY, now)).toBe(0);
  expect([4, 5, 6, 7, 100].map((failures) => after(failures))).toEqual([0, 1_000, 2_000, 4_000, 900_000]);
  expect(after(7, 3_000)).toBe(1_000);
  expect(after(7, 5_000)).toBe(0);
  expect(after(100, 3_600_000)).toBe(0);
});

test("a try is counted, and taken back as if it had not been, whatever came since", () => {
  const at = (minutes: number) => new Date(Date.parse("2026-01-01T00:00:00Z") + minutes * 60_000);
  expect(afterTry(null, ACCOUNT_POLICY, at(0))).toEqual({ failures: 1, lastFailedAt: at(0) });
  const before = { failures: 7, lastFailedAt: at(0) };
  const tried = afterTry(before, ACCOUNT_POLICY, at(5));
  expect(tried).toEqual({ failures: 8, lastFailedAt: at(5) });
  expect(afterTry(before, ACCOUNT_POLICY, at(61))).toEqual({ failures: 1, lastFailedAt: at(61) });
  expect(withoutTry(tried, { before, at: at(5) })).toEqual(before);
  const another = afterTry(tried, ACCOUNT_POLICY, at(6));
  expect(withoutTry(another, { before, at: at(5) })).toEqual({ failures: 8, lastFailedAt: at(6) });
  expect(withoutTry({ failures: 1, lastFailedAt: at(5) }, { before: null, at: at(5) })).toBeNull();
  expect(withoutTry(null, { before, at: at(5) })).toBeNull();
});
