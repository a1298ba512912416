import type { GraphQLError } from "graphql";

/** Told by its name: where two copies of graphql are loaded, `instanceof` knows only the errors of one. */
export function isGraphQLError(error: unknown): error is GraphQLError {
  return error instanceof Error && error.name === "GraphQLError";
}
