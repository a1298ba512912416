import { readFile } from "node:fs/promises";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { parse, type GraphQLSchema } from "graphql";
import { DateTime, Day, Decimal } from "./scalars.ts";

/** Resolvers as the generated types have them: by type, then by field. */
export type SubgraphResolvers = Readonly<Record<string, unknown>>;

/** Makes a schema with `_service` and `_entities` from a subgraph's file. Throws when a resolver has no field. */
export async function readSubgraphSchema(file: URL, resolvers: SubgraphResolvers): Promise<GraphQLSchema> {
  const typeDefs = parse(await readFile(file, "utf8"));
  const declared = new Set(
    typeDefs.definitions.flatMap((definition) =>
      "name" in definition && definition.name ? [definition.name.value] : [],
    ),
  );
  const scalars = Object.fromEntries(
    Object.entries({ Decimal, Date: Day, DateTime }).filter(([name]) => declared.has(name)),
  );
  return buildSubgraphSchema({ typeDefs, resolvers: { ...scalars, ...resolvers } as never });
}
