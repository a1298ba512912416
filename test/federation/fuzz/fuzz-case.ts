import { differenceOf, REFUSED } from "./compare-answers.ts";
import { FuzzedFederation, type FuzzedOperation } from "./fuzzed-federation.ts";
import { generateOperation } from "./generate-operation.ts";
import { generateWorld, varyWorld } from "./generate-world.ts";
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
  operations: FuzzedOperation[];
  failure: Failure | null;
  /** Why there was no plan that holds, for each operation without one. */
  refused: string[];
}

const WORLDS_MAX = 20;
export const OPERATIONS = 4;
/** Seeds with one composed federation, each with data, overrides, faults and operations of its own. */
const SEEDS_PER_FEDERATION = 5;

/** Everything that one seed stands for: a world that composes and some operations on it. */
export async function runSeed(seed: number): Promise<SeedResult> {
  const composed = await composedFor(Math.floor(seed / SEEDS_PER_FEDERATION));
  const random = new Random(seed);
  const world = varyWorld(composed.world, random, seed);
  const federation = composed.federation.of(world);
  const operations: FuzzedOperation[] = [];
  const refused: string[] = [];
  for (let count = 0; count < OPERATIONS; count++) {
    const operation = generateOperation(random, federation.supergraph.apiSchema, shadowsOf(world));
    operations.push(operation);
    const difference = await differenceIn(federation, world, operation);
    if (difference?.startsWith(REFUSED)) refused.push(difference.slice(REFUSED.length + 1));
    else if (difference !== null)
      return { world, operations, failure: { seed, world, operation, difference }, refused };
  }
  return { world, operations, failure: null, refused };
}

interface ComposedWorld {
  world: World;
  federation: FuzzedFederation;
}

/** The latest one: the next seed is likely to have the same. */
let latest: { number: number; composed: Promise<ComposedWorld> } | null = null;

function composedFor(number: number): Promise<ComposedWorld> {
  if (latest?.number !== number) latest = { number, composed: composeWorld(number) };
  return latest.composed;
}

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

/** What is wrong with the router's answer to an operation; null when nothing is. */
export async function differenceIn(
  federation: FuzzedFederation,
  world: World,
  operation: FuzzedOperation,
): Promise<string | null> {
  const expected = await federation.expected(operation);
  if (expected.data === undefined) throw new Error(`the operation is not valid: ${JSON.stringify(expected.errors)}`);
  try {
    const { answer } = await federation.ask(operation);
    return differenceOf(answer, expected, world.faults);
  } catch (error) {
    return `thrown: ${error instanceof Error ? error.stack : String(error)}`;
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
