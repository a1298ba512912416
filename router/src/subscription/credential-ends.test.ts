import { ANONYMOUS } from "@mib/identity/caller-identity";
import { eventually } from "@mib/testkit/eventually";
import { expect, onTestFinished, test } from "vitest";
import type { Caller } from "../authentication/caller.ts";
import { Revocations } from "../authentication/revocations.ts";
import { CredentialEnds } from "./credential-ends.ts";

const caller = (more: Partial<Caller>): Caller => ({
  identity: ANONYMOUS,
  expiresAtMs: null,
  issuedAtMs: 0,
  revocableAs: ["USER:ada", "API_KEY:1"],
  ...more,
});

function ends() {
  const revocations = new Revocations();
  const credentialEnds = new CredentialEnds(revocations);
  onTestFinished(() => credentialEnds.stop());
  let count = 0;
  return { revocations, credentialEnds, one: { credentialEnded: () => void (count += 1) }, ended: () => count };
}

test("verified again it is the same credential: what was revoked after the first time ends it", () => {
  const { revocations, credentialEnds, one, ended } = ends();
  for (const issuedAtMs of [10, 20, 30]) credentialEnds.add(one, caller({ issuedAtMs }));
  revocations.revoke({ kind: "USER", target: "ada", atMs: 9 });
  expect(ended()).toBe(0);
  revocations.revoke({ kind: "USER", target: "ada", atMs: 15 });
  expect(ended()).toBe(1);
});

test("of several credentials the first that ends counts, and of one that was replaced none", async () => {
  const { revocations, credentialEnds, one, ended } = ends();
  credentialEnds.add(one, caller({ revocableAs: ["SESSION:1"] }));
  credentialEnds.replace(one, caller({ revocableAs: ["SESSION:2"] }));
  revocations.revoke({ kind: "SESSION", target: "1", atMs: 0 });
  expect(ended()).toBe(0);
  credentialEnds.add(one, caller({ revocableAs: ["SESSION:3"], expiresAtMs: Date.now() }));
  await eventually(() => expect(ended()).toBe(1));
});

test("one that was revoked before it is added ends it too, and one that was left ends nothing", async () => {
  const { revocations, credentialEnds, one, ended } = ends();
  credentialEnds.add(one, caller({}));
  credentialEnds.delete(one);
  revocations.revoke({ kind: "API_KEY", target: "1", atMs: 0 });
  expect(ended()).toBe(0);
  credentialEnds.add(one, caller({}));
  await eventually(() => expect(ended()).toBe(1));
});
