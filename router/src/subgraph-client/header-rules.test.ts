import fc from "fast-check";
import { expect, test } from "vitest";
import { headerRule } from "../config/header-rule-config.ts";
import { isCredential, isSettable } from "./header-names.ts";
import { HeaderRules } from "./header-rules.ts";

const headersOf = (rules: object[], client: Record<string, string> | null) =>
  new HeaderRules(rules.map((rule) => headerRule.parse(rule))).headersFor(client);

const CLIENT = { "x-tenant": "t1", "x-app-id": "a", "x-app-key": "k", authorization: "Bearer x", cookie: "c=1" };

test.each<[string, object[], Record<string, string>]>([
  ["nothing without rules", [], {}],
  ["by name, whatever its case", [{ propagate: { named: "X-Tenant" } }], { "x-tenant": "t1" }],
  ["under another name", [{ propagate: { named: "x-tenant", rename: "X-Org" } }], { "x-org": "t1" }],
  ["a default where there is none", [{ propagate: { named: "x-none", default: "d" } }], { "x-none": "d" }],
  ["by a pattern for the whole name", [{ propagate: { matching: "x-app-.*" } }], { "x-app-id": "a", "x-app-key": "k" }],
  ["no name that only contains the pattern", [{ propagate: { matching: "app" } }], {}],
  ["a credential by name", [{ propagate: { named: "authorization" } }], { authorization: "Bearer x" }],
  [
    "no credential by a pattern",
    [{ propagate: { matching: ".*" } }],
    { "x-tenant": "t1", "x-app-id": "a", "x-app-key": "k" },
  ],
  [
    "what is inserted, over what the client sent",
    [{ propagate: { named: "x-tenant" } }, { insert: { name: "x-tenant", value: "fixed" } }],
    { "x-tenant": "fixed" },
  ],
  [
    "not what is removed after it",
    [{ propagate: { matching: "x-.*" } }, { remove: { matching: "x-app-.*" } }, { remove: { named: "x-none" } }],
    { "x-tenant": "t1" },
  ],
])("sent: %s", (_, rules, sent) => {
  expect(headersOf(rules, CLIENT)).toEqual(sent);
});

test("without a client's request only what the router says itself is sent", () => {
  const rules = [{ propagate: { matching: ".*" } }, { insert: { name: "x-from", value: "router" } }];
  expect(headersOf(rules, null)).toEqual({ "x-from": "router" });
});

test("what the client's Connection header names ends with the connection", () => {
  const client = { connection: "keep-alive, X-Tenant", "x-tenant": "t1", "x-app-id": "a" };
  const rules = [{ propagate: { matching: "x-.*" } }, { propagate: { named: "x-tenant" } }];
  expect(headersOf(rules, client)).toEqual({ "x-app-id": "a" });
});

const RESERVED = [
  "Host",
  "connection",
  "Transfer-Encoding",
  "content-length",
  "X-Mib-Identity",
  "x-forwarded-for",
  "TE",
];

test("a rule that names a header of the connection or of the router is refused", () => {
  for (const name of RESERVED) {
    for (const rule of [
      { propagate: { named: name } },
      { propagate: { named: "x-a", rename: name } },
      { insert: { name, value: "v" } },
      { remove: { named: name } },
    ])
      expect(headerRule.safeParse(rule).success, JSON.stringify(rule)).toBe(false);
  }
});

test.each<[string, object]>([
  ["a value with a line break", { insert: { name: "x-a", value: "1\r\nx-b: 2" } }],
  ["a name that is none", { insert: { name: "x a", value: "1" } }],
  ["a pattern that is none", { propagate: { matching: "(" } }],
  ["both a name and a pattern", { remove: { named: "x-a", matching: "x-b" } }],
  ["neither", { propagate: {} }],
  ["two rules in one", { insert: { name: "x-a", value: "1" }, remove: { named: "x-b" } }],
  ["a pattern renamed", { propagate: { matching: "x-.*", rename: "x-b" } }],
])("refused: %s", (_, rule) => {
  expect(headerRule.safeParse(rule).success).toBe(false);
});

test("whatever a client sends, a pattern lets nothing reserved and no credential pass", () => {
  const name = fc.oneof(
    fc.constantFrom(...RESERVED.map((each) => each.toLowerCase()), "authorization", "cookie", "x-api-key", "upgrade"),
    fc.stringMatching(/^[a-z-]{1,12}$/),
  );
  fc.assert(
    fc.property(fc.dictionary(name, fc.string()), fc.constantFrom(".*", "x-.*|host", "[a-z-]+"), (client, matching) => {
      for (const sent of Object.keys(headersOf([{ propagate: { matching } }], client)))
        expect(isSettable(sent) && !isCredential(sent)).toBe(true);
    }),
  );
});
