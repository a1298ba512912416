import { expect, onTestFinished, test } from "vitest";
import { composeSupergraph } from "../supergraph/compose-supergraph.ts";
import { createFederation } from "./federation.ts";

const SDL = "type Query { word: String number: Int yes: Boolean }";
const composed = composeSupergraph([{ name: "one", file: "one", routingUrl: "http://one.test", sdl: SDL }]);
if ("problems" in composed) throw new Error(composed.problems.join("; "));
const { supergraphSdl } = composed;

test("of the operations that were used last, as many are kept as the memory for them allows", async () => {
  // Each of these costs 11 units, 1 kB each, and its texts: there is room for two, and for no third.
  const settings = { subgraph: () => null, operationCacheMax: 100, operationCacheBytesMax: 28_000 };
  const federation = await createFederation({ ...settings, supergraphSdl });
  onTestFinished(() => federation.close());
  const prepare = (query: string) => federation.prepare({ query });
  const [word, number] = [await prepare("{ word }"), await prepare("{ number }")];
  expect(await prepare("{ number }")).toBe(number);
  await prepare("{ yes }");
  expect(await prepare("{ number }")).toBe(number);
  expect(await prepare("{ word }")).not.toBe(word);
});
