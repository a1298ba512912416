import type { GraphQLSchema } from "graphql";
import { differenceOf, REFUSED } from "./compare-answers.ts";
import { partsDifference } from "./compare-parts.ts";
import { deferSelections, isDeferring } from "./defer-selections.ts";
import type { ExpectedPart } from "./expected-parts.ts";
import { FuzzedFederation, isSubscribing } from "./fuzzed-federation.ts";
import type { FuzzedOperation } from "./fuzzed-subgraphs.ts";
import { generateOperation, type OperationTemplate } from "./generate-operation.ts";
import { generateWorld, holdOverrides, varyWorld } from "./generate-world.ts";
import { hashOf, Random } from "./random.ts";
import type { World } from "./world.ts";

/** One world and one operation for which the router's answer is wrong. */
export interface Failure {
  seed: number;
  world: World;
  operation: FuzzedOperation;
  difference: string;
}

export interface SeedResult {
  world: World;
  /** What clients see. */
  schema: GraphQLSchema;
  operations: FuzzedOperation[];
  failure: Failure | null;
  /** Of the answers that came in parts. */
  parts: ExpectedPart[];
  /** Why there was no plan that holds, for each operation without one. */
  refused: string[];
}

/** What an operation came to. */
interface Outcome {
  /** What is wrong with the router's answer; null when nothing is. */
  difference: string | null;
  /** Where it came in parts. */
  parts?: readonly ExpectedPart[];
}

const WORLDS_MAX = 20;
export const OPERATIONS = 4;
/** Of the operations, in percent. */
const DEFERRING_SHARE = 35;
/** Seeds with the same operations and overrides, each with data, faults and variables of its own. */
const SEEDS_PER_BATCH = 10;
const BATCHES_PER_FEDERATION = 4;

/** Everything that one seed stands for: a world that composes and some operations on it. */
export async function runSeed(seed: number): Promise<SeedResult> {
  const batch = await batchFor(Math.floor(seed / SEEDS_PER_BATCH));
  const random = new Random(seed);
  const world = varyWorld(batch.world, random, seed);
  const federation = batch.federation.of(world);
  const operations: FuzzedOperation[] = [];
  const refused: string[] = [];
  const allParts: ExpectedPart[] = [];
  const { apiSchema: schema } = federation.supergraph;
  for (const { query, variables } of batch.templates) {
    const operation = { query, variables: variables(random) };
    operations.push(operation);
    const { difference, parts = [] } = await outcomeOf(federation, world, operation);
    allParts.push(...parts);
    if (difference?.startsWith(REFUSED)) refused.push(difference.slice(REFUSED.length + 1));
    else if (difference !== null)
      return { world, schema, operations, failure: { seed, world, operation, difference }, parts: allParts, refused };
  }
  return { world, schema, operations, failure: null, parts: allParts, refused };
}

interface ComposedWorld {
  world: World;
  federation: FuzzedFederation;
}

/** A world of which seeds vary what neither composition nor planning sees. */
interface Batch extends ComposedWorld {
  templates: readonly OperationTemplate[];
}

/** Keeps what was made for the latest number: the next seed is likely to have the same. */
function keepLatest<T>(make: (number: number) => Promise<T>): (number: number) => Promise<T> {
  let latest: { number: number; made: Promise<T> } | null = null;
  return (number) => {
    if (latest?.number !== number) latest = { number, made: make(number) };
    return latest.made;
  };
}

const composedFor = keepLatest(composeWorld);

const batchFor = keepLatest(async (number): Promise<Batch> => {
  const composed = await composedFor(Math.floor(number / BATCHES_PER_FEDERATION));
  const random = new Random(hashOf("batch", number));
  const world = holdOverrides(composed.world, random);
  const { apiSchema } = composed.federation.supergraph;
  const templates = Array.from({ length: OPERATIONS }, () => {
    const template = generateOperation(random, apiSchema, shadowsOf(world));
    return random.chance(DEFERRING_SHARE) ? deferSelections(template, random, apiSchema) : template;
  });
  return { world, federation: composed.federation, templates };
});

/** The first world of a federation's number that composes. */
async function composeWorld(number: number): Promise<ComposedWorld> {
  const random = new Random(hashOf("federation", number));
  for (let attempt = 0; attempt < WORLDS_MAX; attempt++) {
    const world = generateWorld(random, number);
    const federation = await FuzzedFederation.compose(world);
    if (federation) return { world, federation };
  }
  throw new Error(`the federation ${number} makes no world that composes`);
}

/** Asks the router, and compares its answer with the merged graph's. */
export async function outcomeOf(
  federation: FuzzedFederation,
  world: World,
  operation: FuzzedOperation,
): Promise<Outcome> {
  const expected = await federation.expected(operation);
  const invalid = expected.find(({ data }) => data === undefined);
  if (invalid) throw new Error(`the operation is not valid: ${JSON.stringify(invalid.errors)}`);
  const { faults } = world;
  try {
    const { answers, inParts } = await federation.ask(operation);
    const differences = answers.map((answer, index) => differenceOf(answer, expected[index]!, faults));
    const difference = differences.find((each) => each !== null) ?? null;
    if (difference !== null || !isDeferring(operation) || isSubscribing(operation)) return { difference };
    const asked = await inParts();
    const parts = await federation.expectedParts(operation);
    if (asked === "not planned") return { difference: null };
    if (asked === "by choice") return { difference: parts.length > 1 ? `${REFUSED} in parts` : null };
    return { difference: partsDifference(asked.payloads, parts, { whole: expected[0]!, faults }), parts };
  } catch (error) {
    return { difference: `thrown: ${error instanceof Error ? error.stack : String(error)}` };
  }
}

function shadowsOf(world: World): string[] {
  return [
    "id",
    "sku",
    "left",
    "box",
    "code",
    "constructor",
    ...world.types.flatMap(({ fields }) => fields.map(({ name }) => name)),
  ];
}
