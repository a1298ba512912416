import { FuzzedFederation } from "./fuzzed-federation.ts";
import { isDeferring } from "./defer-selections.ts";
import type { Failure } from "./fuzz-case.ts";
import { printSubgraph } from "./print-subgraph.ts";

/** Everything that is needed to understand a failure, and the command that brings it back. */
export async function reportFailure({ seed, world, operation, difference }: Failure): Promise<string> {
  const federation = await FuzzedFederation.compose(world);
  const asked = await federation?.ask(operation).catch((error: unknown) => ({ thrown: String(error) }));
  const inParts =
    asked && "inParts" in asked && isDeferring(operation) ? await asked.inParts().catch(() => null) : null;
  const expected = await federation?.expected(operation);
  return [
    `seed ${seed}: ${difference}`,
    ...world.subgraphs.map((name) => `--- subgraph ${name}\n${printSubgraph(world, name)}`),
    `--- operation\n${operation.query}`,
    `--- variables ${JSON.stringify(operation.variables)}`,
    ...(world.overridesHeld.length > 0 ? [`--- overrides: ${world.overridesHeld.join(", ")}`] : []),
    ...(world.faults.requestLost >= 0 ? [`--- lost: request ${world.faults.requestLost}`] : []),
    ...(world.faults.fieldsEach > 0 ? [`--- faults: one field in ${world.faults.fieldsEach}`] : []),
    ...(asked && "plan" in asked
      ? [
          `--- plan\n${asked.plan}`,
          `--- requests\n${asked.requests.join("\n")}`,
          `--- answer\n${JSON.stringify(asked.answers)}`,
        ]
      : []),
    `--- expected\n${JSON.stringify(expected)}`,
    ...(inParts && typeof inParts === "object"
      ? [
          `--- plan in parts\n${inParts.plan}`,
          `--- requests in parts\n${inParts.requests.join("\n")}`,
          `--- payloads\n${inParts.payloads.map((each) => JSON.stringify(each)).join("\n")}`,
          `--- expected parts\n${(await federation!.expectedParts(operation)).map((each) => JSON.stringify({ ...each, around: undefined })).join("\n")}`,
        ]
      : []),
    `--- again: npm run fuzz -- --from ${seed} --seeds 1`,
  ].join("\n");
}
