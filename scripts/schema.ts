// npm run schema [-- --output FILE]
// Writes the schema that clients of the API see.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { printApiSchema } from "../router/src/supergraph/api-schema.ts";

const { values: options } = parseArgs({ options: { output: { type: "string" } } });
const supergraphSdl = readFileSync(join(import.meta.dirname, "../router/supergraph.graphql"), "utf8");
const schema = printApiSchema(supergraphSdl);
if (options.output === undefined) process.stdout.write(schema);
else writeFileSync(options.output, schema);
