import { ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from "@apollo/federation-internals";
import { findBreakingChanges, printSchema, type GraphQLSchema } from "graphql";

/** The schema that clients of a supergraph see. */
export function apiSchemaOf(supergraphSdl: string): GraphQLSchema {
  return Supergraph.build(supergraphSdl, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES })
    .apiSchema()
    .toGraphQLJSSchema();
}

/** The text of the schema that clients see, without anything of federation. */
export function printApiSchema(supergraphSdl: string): string {
  return `${printSchema(apiSchemaOf(supergraphSdl))}\n`;
}

/** What a client that was written for `before` can trip over in `after`, a sentence each. */
export function breakingChanges(before: string, after: string): string[] {
  return findBreakingChanges(apiSchemaOf(before), apiSchemaOf(after)).map(({ description }) => description);
}
