import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse as parseYaml } from "yaml";
import { z } from "zod";

/** One subgraph as composition takes it. */
export interface SubgraphSource {
  name: string;
  routingUrl: string;
  /** The schema's text. */
  sdl: string;
  /** Where the text was read from. */
  file: string;
}

const SupergraphConfig = z.strictObject({
  federation_version: z.union([z.string(), z.number()]).optional(),
  subgraphs: z.record(
    z.string().min(1),
    z.strictObject({
      routing_url: z.string().min(1),
      schema: z.strictObject({ file: z.string().min(1) }),
    }),
  ),
});

/** Reads a file in the format of Apollo's rover with the schemas it names; their paths are relative to the file. */
export function readSupergraphConfig(path: string): SubgraphSource[] {
  const checked = SupergraphConfig.safeParse(parseYaml(readFileSync(path, "utf8")));
  if (!checked.success)
    throw new Error(`${path} is not a supergraph configuration:\n${z.prettifyError(checked.error)}`);
  return Object.entries(checked.data.subgraphs).map(([name, subgraph]) => {
    const file = resolve(dirname(path), subgraph.schema.file);
    return { name, routingUrl: subgraph.routing_url, sdl: readFileSync(file, "utf8"), file };
  });
}
