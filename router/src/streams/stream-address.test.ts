import { readFileSync } from "node:fs";
import { ANONYMOUS, type CallerIdentity } from "@mib/identity/caller-identity";
import { parse } from "graphql";
import { expect, test } from "vitest";
import { readStreamedDirectives } from "../supergraph/streamed-directive.ts";
import { addressStream } from "./stream-address.ts";

const supergraph = parse(readFileSync(new URL("../../supergraph.graphql", import.meta.url), "utf8"));
const notifications = {
  ...readStreamedDirectives(supergraph).get("notifications")!,
  fieldName: "notifications",
  responseKey: "notifications",
  arguments: () => ({}),
};

const key = (scopes: string[]): CallerIdentity => ({
  subject: "ada",
  roles: ["user"],
  scopes,
  credential: "api_key",
  sessionId: null,
});

test.each<[string, CallerIdentity, string]>([
  ["a session", { ...key([]), credential: "session", sessionId: "s1" }, "ada"],
  ["an API key with its scope", key(["market:read", "alerts:read"]), "ada"],
  ["an API key with other scopes", key(["market:read", "alerts:write"]), "FORBIDDEN"],
  ["nobody", ANONYMOUS, "UNAUTHENTICATED"],
])("a stream that needs a scope, asked for by %s: %s", (_, identity, expected) => {
  const address = () => addressStream(notifications, { args: {}, identity, channelsMax: 10 });
  if (expected === "ada") expect(address()).toEqual({ channels: ["ada"], filters: [] });
  else expect(address).toThrow(expect.objectContaining({ code: expected }));
});
