// Writes the types of every subgraph's resolvers from its schema.graphql. With `--check` it only tells whether the files
// are up to date.
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { generateResolverTypes } from "./generate/resolver-types.ts";
import { writeOrCheck } from "./generate/write-or-check.ts";

for (const schemaFile of globSync("subgraphs/*/schema.graphql").sort()) {
  const folder = dirname(schemaFile);
  const modelsFile = join(folder, "src/models.ts");
  writeOrCheck(
    join(folder, "src/generated/resolvers.ts"),
    await generateResolverTypes({
      name: basename(folder),
      schema: readFileSync(schemaFile, "utf8"),
      models: existsSync(modelsFile) ? readFileSync(modelsFile, "utf8") : null,
    }),
  );
}
