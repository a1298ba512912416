import { differenceOf, REFUSED } from "./compare-answers.ts";
import { FuzzedFederation, type FuzzedOperation } from "./fuzzed-federation.ts";
import { generateOperation } from "./generate-operation.ts";
import { generateWorld } from "./generate-world.ts";
import { Random } from "./random.ts";
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
  /** Operations for which there was no plan that holds. */
  refused: number;
}

const WORLDS_MAX = 20;
export const OPERATIONS = 4;

/** Everything that one seed stands for: a world that composes and some operations on it. */
export async function runSeed(seed: number): Promise<SeedResult> {
  const random = new Random(seed);
  for (let attempt = 0; attempt < WORLDS_MAX; attempt++) {
    const world = generateWorld(random, seed);
    const federation = await FuzzedFederation.of(world);
    if (!federation) continue;
    const operations: FuzzedOperation[] = [];
    let refused = 0;
    for (let count = 0; count < OPERATIONS; count++) {
      const operation = generateOperation(random, federation.supergraph.apiSchema, shadowsOf(world));
      operations.push(operation);
      const difference = await differenceIn(federation, world, operation);
      if (difference?.startsWith(REFUSED)) refused++;
      else if (difference !== null)
        return { world, operations, failure: { seed, world, operation, difference }, refused };
    }
    return { world, operations, failure: null, refused };
  }
  throw new Error(`the seed ${seed} makes no world that composes`);
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
