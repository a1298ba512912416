// The subgraph whose fields some subscribers ask for, as a process of its own. Reads PORT.
import { createServer } from "node:http";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { parse } from "graphql";
import { createYoga } from "graphql-yoga";
import { INSTRUMENTS } from "./supergraph.ts";

const instrument = ({ symbol }: { symbol: string }) => ({ symbol, name: `name of ${symbol}` });
const schema = buildSubgraphSchema({
  typeDefs: parse(INSTRUMENTS),
  resolvers: {
    Query: { instrument: (_: unknown, reference: { symbol: string }) => instrument(reference) },
    Instrument: { __resolveReference: instrument },
  },
});
const yoga = createYoga({ schema, logging: false });
// eslint-disable-next-line @typescript-eslint/no-misused-promises
createServer((request, response) => void yoga(request, response)).listen(Number(process.env["PORT"]), "127.0.0.1");
