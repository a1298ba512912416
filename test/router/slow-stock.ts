import type { TestSubgraph } from "../federation/federated.ts";

/** A subgraph with the stock of products. Answers when it is told to, and not before. */
export function slowStock() {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let asked = 0;
  let aborted = 0;
  const subgraph: TestSubgraph = {
    typeDefs: `type Query { stocked: Int } type Product @key(fields: "id") { id: ID! stock: Int }`,
    answer: (_, response) => {
      asked += 1;
      response.on("close", () => void (aborted += response.writableEnded ? 0 : 1));
      void released.then(() => {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify({ data: { _entities: [{ stock: 3 }] } }));
      });
    },
  };
  return { subgraph, release, asked: () => asked, aborted: () => aborted };
}
