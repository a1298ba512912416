import { readFileSync } from "node:fs";
import { eventually } from "@mib/testkit/eventually";
import { parse } from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collect, graphql, streamClient } from "./graphql.ts";
import { startStack, type Stack } from "./stack.ts";

/** History has to come in first; two slow cores need minutes for it. */
const DEADLINE_MS = 420_000;

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ args: ["--feed", "simulator", "--seed", "7", "--rate", "1000"] });
});

afterAll(async () => {
  await stack?.stop();
});

/** Each operation of the page, under the question that it answers. */
const recipes = [
  ...readFileSync("docs/cookbook.md", "utf8").matchAll(/^## (.+)$([\s\S]*?)(?=^## |(?![\s\S]))/gm),
].flatMap(([, question, body]) =>
  [...body!.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, text]) => ({ question: question!, text: text! })),
);

describe("docs/cookbook.md is true", () => {
  test.each(recipes)("$question", async ({ text }) => {
    const definition = parse(text).definitions[0];
    if (definition?.kind === "OperationDefinition" && definition.operation === "subscription") await delivers(text);
    else await answers(text);
  });
});

/** An answer without an error in which each field of the operation, and each list directly below it, has something. */
async function answers(text: string): Promise<void> {
  await eventually(
    async () => {
      const answer = await graphql(stack.routerUrl, text);
      expect(answer.errors).toBeUndefined();
      for (const value of Object.values(answer.data as Record<string, unknown>)) expectSomething(value);
    },
    { deadlineMs: DEADLINE_MS },
  );
}

async function delivers(text: string): Promise<void> {
  const client = streamClient(stack.routerUrl);
  const events = collect(client, text);
  await eventually(() => expect([events.values.length > 0, events.errors]).toEqual([true, []]), {
    deadlineMs: DEADLINE_MS,
  });
  await client.dispose();
}

/** Null and empty lists are no answers to a cookbook's question, wherever in the answer they are, except in `values`. */
function expectSomething(value: unknown, path = ""): void {
  expect(value, path).not.toBeNull();
  if (Array.isArray(value)) {
    expect(value.length, path).toBeGreaterThan(0);
    if (!path.endsWith(".values")) for (const each of value) expectSomething(each, path);
  } else if (typeof value === "object") {
    for (const [name, each] of Object.entries(value!))
      if (!MAY_BE_NULL.has(name)) expectSomething(each, `${path}.${name}`);
  }
}

/** Fields whose null says something: the last page has no next one, a cross-section's member may lack a figure. */
const MAY_BE_NULL = new Set(["endCursor", "direction", "cohesion", "lag", "correlation", "matrix", "evidence"]);
