import { federated, json } from "../federation/federated.ts";

/** A supergraph of one subgraph that answers `word` at once, and `slow` when it is let. */
export async function slowWord() {
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const { supergraphSdl } = await federated({
    one: {
      typeDefs: "type Query { word: String slow: String }",
      answer({ query }, response) {
        if (!query.includes("slow")) return json(response, { data: { word: "yes" } });
        asked.resolve();
        void go.promise.then(() => json(response, { data: { slow: "done" } }));
      },
    },
  });
  return { supergraphSdl, asked, go };
}
