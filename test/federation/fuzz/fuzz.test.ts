import { expect, test } from "vitest";
import { FeatureTable } from "./features.ts";
import { OPERATIONS, runSeed } from "./fuzz-case.ts";
import { reportFailure } from "./report-failure.ts";
import { shrink } from "./shrink.ts";

const SEEDS = 1_000;

test(`${SEEDS} random federations are answered as one schema would be`, async () => {
  const features = new FeatureTable();
  let refused = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const result = await runSeed(seed);
    if (result.failure) throw new Error(await reportFailure(await shrink(result.failure)));
    features.count(result);
    refused += result.refused.length;
  }
  console.log(features.print());
  expect(features.rare()).toEqual([]);
  expect(refused / (SEEDS * OPERATIONS)).toBeLessThan(0.01);
});
