import { GraphQLError } from "graphql";
import { expect, test } from "vitest";
import { federated, type TestSubgraph } from "./federated.ts";

/** A ship's papers have a master who must be named, and a ship may have none. What it pays follows from its papers. */
const REGISTRY: TestSubgraph = {
  typeDefs: `
    type Query { ships: [Ship]! }
    type Ship @key(fields: "imo") @key(fields: "berth { number }") { imo: ID! berth: Berth cargo: Cargo papers: Papers crew: [Sailor] built: Built }
    type Berth @shareable { number: Int length: Int! }
    type Cargo @key(fields: "id") { id: ID! }
    type Papers { flag: String grade: String! master: String! yard: Yard }
    type Yard { town: String dock: Int! }
    type Sailor { name: String! rank: Int }
    type Built @shareable { year: Int place: String! }`,
  resolvers: {
    Query: { ships: () => [{ imo: "1" }] },
    Ship: {
      berth: () => ({ number: 7 }),
      cargo: () => ({ id: "c" }),
      papers: () => ({ flag: "NO", grade: "A", yard: { town: "Oslo" } }),
      crew: () => [{ rank: 1 }, { rank: 2 }],
      built: () => ({ year: 1999 }),
    },
    Berth: { length: failing("no length") },
    Papers: { master: failing("no master") },
    Yard: { dock: failing("no dock") },
    Sailor: { name: failing("no name") },
    Built: { place: failing("no place") },
  },
};

const DUES: TestSubgraph = {
  typeDefs: `
    type Ship @key(fields: "imo") {
      imo: ID!
      papers: Papers @external
      crew: [Sailor] @external
      due: String @requires(fields: "papers { flag yard { town } }")
      rate: String @requires(fields: "papers { grade }")
      wages: String @requires(fields: "crew { rank }")
    }
    type Papers @external { flag: String grade: String! yard: Yard }
    type Yard @external { town: String }
    type Sailor @external { rank: Int }`,
  resolvers: {
    Ship: {
      __resolveReference: (reference: unknown) => reference,
      due: ({ papers }: Ship) => papers && `${papers.flag} ${papers.yard && papers.yard.town}`,
      rate: ({ papers }: Ship) => `rate of ${papers?.grade}`,
      wages: ({ crew }: Ship) => crew?.map((each) => each?.rank).join("+"),
    },
  },
};

/** What is paid twice is computed from what is due, a toll from the flag of the ship around, the depth is that of the berth. */
const OTHERS: Record<string, TestSubgraph> = {
  registry: REGISTRY,
  dues: DUES,
  bank: {
    typeDefs: `
      type Ship @key(fields: "imo") { imo: ID! due: String @external twice: String @requires(fields: "due") }`,
    resolvers: { Ship: { twice: ({ due }: { due: string }) => `${due} ${due}` } },
  },
  customs: {
    typeDefs: `
      type Ship @key(fields: "imo") @context(name: "ship") { imo: ID! papers: Papers @external }
      type Papers @external { flag: String }
      type Cargo @key(fields: "id") { id: ID! toll(flag: String @fromContext(field: "$ship { papers { flag } }")): String }`,
    resolvers: { Cargo: { toll: (_: unknown, { flag }: { flag: string }) => `toll of ${flag}` } },
  },
  pilots: {
    typeDefs: `
      type Ship @key(fields: "berth { number }") { berth: Berth depth: Int }
      type Berth @shareable { number: Int }`,
    resolvers: { Ship: { depth: ({ berth }: { berth: { number: number } }) => berth.number * 10 } },
  },
};

interface Ship {
  papers?: { flag: string; grade: string; yard?: { town: string } } | null;
  crew?: ({ rank: number } | null)[];
}

function failing(message: string): () => never {
  return () => {
    throw new GraphQLError(message, { extensions: { code: "LOST" } });
  };
}

test.each<[string, string, Record<string, unknown>]>([
  ["the object itself", "{ ships { papers { master } due } }", { papers: null, due: "NO Oslo" }],
  [
    "an object inside it",
    "{ ships { papers { yard { dock } flag } due } }",
    { papers: { yard: null, flag: "NO" }, due: "NO Oslo" },
  ],
  ["an element of a list", "{ ships { crew { name } wages } }", { crew: [null, null], wages: "1+2" }],
  [
    "an object in a fragment",
    "{ ships { ...F wages due } } fragment F on Ship { papers { ... on Papers { flag master } } }",
    { papers: null, wages: "1+2", due: "NO Oslo" },
  ],
  [
    "an object that is read in several steps",
    "{ ships { papers { master } twice } }",
    { papers: null, twice: "NO Oslo NO Oslo" },
  ],
  [
    "an object with a context",
    "{ ships { papers { master } cargo { toll } } }",
    { papers: null, cargo: { toll: "toll of NO" } },
  ],
  ["an object in a key", "{ ships { berth { length } depth } }", { berth: null, depth: 70 }],
])("a null that takes %s from the client does not take it from what is computed", async (_, query, ship) => {
  const { ask } = await federated(OTHERS);
  const { data, errors } = await ask(query);
  expect(data).toEqual({ ships: [ship] });
  for (const { extensions } of errors!) expect(extensions["code"]).toBe("LOST");
});

test("a null that takes an object from a @requires does not take it from the client", async () => {
  const { ask } = await federated({
    registry: { ...REGISTRY, resolvers: { ...REGISTRY.resolvers, Papers: { grade: failing("no grade") } } },
    dues: DUES,
  });
  const { data } = await ask("{ ships { papers { flag } rate } }");
  expect(data).toEqual({ ships: [{ papers: { flag: "NO" }, rate: "rate of undefined" }] });
});

test("an object is asked for once where nothing takes it, or nothing that is asked for reads it", async () => {
  const { ask, requests } = await federated({ registry: REGISTRY, dues: DUES });
  await ask("{ ships { papers { flag yard { town } } due } }");
  await ask("{ ships { papers { master } wages } }");
  for (const { query } of requests.filter(({ subgraph }) => subgraph === "registry"))
    expect(query.match(/papers/g)).toHaveLength(1);
});
