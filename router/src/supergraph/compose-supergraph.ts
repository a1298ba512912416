import { composeServices } from "@apollo/composition";
import { parse } from "graphql";
import { apiSchemaOf } from "./api-schema.ts";
import { checkStreams, STREAM_URL } from "./check-streams.ts";
import type { SubgraphSource } from "./supergraph-config.ts";

export type Composition = { supergraphSdl: string; hints: readonly string[] } | { problems: readonly string[] };

/** Composes subgraphs with Apollo's composition and checks what their streams say. All problems come at once. */
export function composeSupergraph(sources: readonly SubgraphSource[]): Composition {
  const parsed = sources.map((source) => ({ ...source, document: parse(source.sdl) }));
  const result = composeServices(
    parsed.map(({ name, routingUrl, document }) => ({ name, url: routingUrl, typeDefs: document })),
  );
  if (result.errors) return { problems: result.errors.map(({ message }) => message) };

  const hasStream = parsed.some(({ routingUrl }) => routingUrl === STREAM_URL);
  const api = hasStream ? apiSchemaOf(result.supergraphSdl) : null;
  const problems = parsed.flatMap((source) => checkStreams(source, source.document, api));
  if (problems.length > 0) return { problems };
  return { supergraphSdl: `${result.supergraphSdl.trimEnd()}\n`, hints: result.hints.map((hint) => hint.message) };
}
