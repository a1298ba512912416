import { readFileSync } from "node:fs";
import { eventually } from "@mib/testkit/eventually";
import { parse } from "graphql";
import { beforeAll, describe, expect, test } from "vitest";
import type { Analyst } from "./analyst.ts";
import { collect, graphql, streamClient } from "./graphql.ts";
import type { Stack } from "./stack.ts";

/** History has to come in first; two slow cores need minutes for it. */
const DEADLINE_MS = 420_000;

/** Whatever comes next is told: what a person would ask for may not be in the news for an hour. */
const LEAST_SIMILARITY = "similarityLeast: 0.3";

let stack: Stack;
let analyst: Analyst;
/** The job that the last mutation put into the queue. */
let job: string;

/** Each operation of the page, under the question that it answers. */
const recipes = [
  ...readFileSync("docs/cookbook.md", "utf8").matchAll(/^## (.+)$([\s\S]*?)(?=^## |(?![\s\S]))/gm),
].flatMap(([, question, body]) =>
  [...body!.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, text]) => ({ question: question!, text: text! })),
);

/** Asks a stack that runs the simulator all that the page has. */
export function testCookbook(running: () => { stack: Stack; analyst: Analyst }): void {
  describe("docs/cookbook.md is true", () => {
    beforeAll(() => ({ stack, analyst } = running()));

    test.each(recipes)("$question", async ({ text }) => {
      const definition = parse(text).definitions[0];
      const operation = definition?.kind === "OperationDefinition" ? definition.operation : null;
      if (operation === "subscription") await delivers(text);
      else if (operation === "mutation") await changes(text.replace(/similarityLeast: [\d.]+/, LEAST_SIMILARITY));
      else await answers(text);
    });
  });
}

/** An answer without an error in which each field of the operation, and each list directly below it, has something. */
async function answers(text: string): Promise<void> {
  await eventually(
    async () => {
      const answer = await graphql(stack.routerUrl, text, { variables: await variables() });
      expect(answer.errors).toBeUndefined();
      for (const value of Object.values(answer.data as Record<string, unknown>)) expectSomething(value);
    },
    { deadlineMs: DEADLINE_MS },
  );
}

/** A mutation by an analyst; where it is a job, it is done in the end: history has to come in first. */
async function changes(text: string): Promise<void> {
  await eventually(
    async () => {
      const headers = await analyst.logIn(stack.routerUrl);
      const answer = await graphql(stack.routerUrl, text, { variables: await variables(), headers });
      expect(answer.errors).toBeUndefined();
      const [changed] = Object.values(answer.data as Record<string, { id: string; state?: string }>);
      if (changed!.state === undefined) return expectSomething(changed);
      job = changed!.id;
      const end = await eventually(
        async () => {
          const asked = await graphql(stack.routerUrl, "query ($job: ID!) { modelJob(id: $job) { state errorCode } }", {
            variables: { job },
          });
          expect(["QUEUED", "RUNNING"]).not.toContain(asked.data.modelJob.state);
          return asked.data.modelJob;
        },
        { deadlineMs: DEADLINE_MS },
      );
      expect(end).toEqual({ state: "DONE", errorCode: null });
    },
    { deadlineMs: DEADLINE_MS },
  );
}

/** What the page's operations ask for by name: a model, and the last job. */
async function variables(): Promise<Record<string, unknown>> {
  const { data } = await graphql(stack.routerUrl, "{ models(championsOnly: true, first: 1) { nodes { id } } }");
  return { job, model: data?.models?.nodes[0]?.id };
}

async function delivers(text: string): Promise<void> {
  const client = streamClient(stack.routerUrl, await analyst.logIn(stack.routerUrl));
  const events = collect(client, text);
  await eventually(
    async () => {
      // Signals come by themselves, steps of a job only with a job.
      if (text.includes("modelJobs") && events.values.length === 0) await changes(recipeOf("Train"));
      expect([events.values.length > 0, events.errors]).toEqual([true, []]);
    },
    { deadlineMs: DEADLINE_MS },
  );
  await client.dispose();
}

const recipeOf = (operation: string): string =>
  recipes.find(({ text }) => text.includes(`mutation ${operation} `))!.text;

/** Null and empty lists are no answers to a cookbook's question, wherever in the answer they are, with few exceptions. */
function expectSomething(value: unknown, path = ""): void {
  expect(value, path).not.toBeNull();
  if (Array.isArray(value)) {
    if (!MAY_BE_EMPTY.has(path.slice(path.lastIndexOf(".") + 1))) expect(value.length, path).toBeGreaterThan(0);
    if (!path.endsWith(".values")) for (const each of value) expectSomething(each, path);
  } else if (typeof value === "object") {
    for (const [name, each] of Object.entries(value!))
      if (!MAY_BE_NULL.has(name)) expectSomething(each, `${path}.${name}`);
  }
}

/** What is found by meaning has none of the words, and may name no instrument; nobody may write of one, or a day lack nothing. */
const MAY_BE_EMPTY = new Set(["highlights", "mentions", "news", "gaps"]);

/** Fields whose null says something: the last page has no next one, a cross-section's member may lack a figure. */
const MAY_BE_NULL = new Set([
  "endCursor",
  "direction",
  "cohesion",
  "lag",
  "correlation",
  "matrix",
  "evidence",
  "actual",
  "loss",
  "baselineLoss",
  "sentiment",
  "sentimentDetail",
  "newsSentiment",
  "note",
  "replaced",
]);
