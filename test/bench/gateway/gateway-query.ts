// The query that public benchmarks of federation gateways run, on data of our own: four subgraphs, entities that refer to
// each other in circles, sixteen fetches as Apollo plans it and an answer of about 88 kB.

const QUERY = `
  fragment User on User { id username name }
  fragment Review on Review { id body }
  fragment Product on Product { inStock name price shippingEstimate upc weight }
  query TestQuery {
    users { ...User reviews { ...Review product { ...Product reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } } } } }
    topProducts { ...Product reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } } }
  }`;

/** One subgraph, one request, four scalars a row. */
const SMALL_QUERY = "{ topProducts { upc name price weight } }";

/** A thousand entities of one subgraph, each with a field of another. */
const LIST_QUERY = "{ catalogue { upc name inStock } }";

export interface Condition {
  id: string;
  query: (request: number) => string;
  connections: number;
  /** A subgraph that takes this long for every answer. */
  slow?: { subgraph: string; ms: number };
}

const always = (query: string) => () => query;

export const CONDITIONS: readonly Condition[] = [
  { id: "benchmark-query", query: always(QUERY), connections: 50 },
  { id: "small-query", query: always(SMALL_QUERY), connections: 50 },
  { id: "list-query", query: always(LIST_QUERY), connections: 10 },
  { id: "slow-subgraph", query: always(QUERY), connections: 1, slow: { subgraph: "inventory", ms: 50 } },
  {
    id: "new-operation",
    // Another alias each time, all of one length: an operation that nobody has planned before.
    query: (request) => QUERY.replace("users {", `u${String(request).padStart(9, "0")}: users {`),
    connections: 1,
  },
];

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@requires", "@provides", "@shareable"])\n`;

const users = Array.from({ length: 6 }, (_, index) => ({
  id: `u${index + 1}`,
  name: `User number ${index + 1}`,
  username: `user.${index + 1}`,
  birthday: 1_990,
}));
const products = Array.from({ length: 9 }, (_, index) => ({
  upc: String(index + 1),
  name: `Product number ${index + 1}`,
  price: 100 * (index + 1),
  weight: index % 3 === 0 ? 1_000 : 100 * index,
  inStock: index % 2 === 0,
}));
const catalogue = Array.from({ length: 1_000 }, (_, index) => ({ ...products[index % 9]!, upc: `c${index}` }));
const reviews = Array.from({ length: 20 }, (_, index) => ({
  id: `r${index + 1}`,
  body: `Text of review number ${index + 1}: it is as good as one could wish for.`,
  author: users[index % users.length]!.id,
  product: products[(index * 2) % 5]!.upc,
}));

const byId = <T>(list: readonly T[], key: keyof T) => new Map(list.map((each) => [each[key], each]));
const userOf = byId(users, "id");
const productOf = byId(products, "upc");

export interface BenchSubgraph {
  name: string;
  typeDefs: string;
  /** By type and field. */
  resolvers: Record<string, Record<string, unknown>>;
}

export const SUBGRAPHS: BenchSubgraph[] = [
  {
    name: "accounts",
    typeDefs: `${LINK}
      type Query { me: User user(id: ID!): User users: [User] }
      type User @key(fields: "id") { id: ID! name: String username: String @shareable birthday: Int }`,
    resolvers: {
      Query: { me: () => users[0], user: (_: unknown, { id }: { id: string }) => userOf.get(id), users: () => users },
      User: { __resolveReference: ({ id }: { id: string }) => userOf.get(id) },
    },
  },
  {
    name: "products",
    typeDefs: `${LINK}
      type Query { topProducts(first: Int = 5): [Product] catalogue: [Product] }
      type Product @key(fields: "upc") { upc: String! name: String price: Int weight: Int }`,
    resolvers: {
      Query: {
        topProducts: (_: unknown, { first }: { first: number }) => products.slice(0, first),
        catalogue: () => catalogue,
      },
      Product: { __resolveReference: ({ upc }: { upc: string }) => productOf.get(upc) },
    },
  },
  {
    name: "inventory",
    typeDefs: `${LINK}
      type Product @key(fields: "upc") {
        upc: String! weight: Int @external price: Int @external inStock: Boolean shippingEstimate: Int @requires(fields: "price weight")
      }`,
    resolvers: {
      Product: {
        __resolveReference: (reference: { upc: string }) => ({
          ...reference,
          inStock: productOf.get(reference.upc)?.inStock ?? false,
        }),
        shippingEstimate: ({ price, weight }: { price: number; weight: number }) =>
          price > 1_000 ? 0 : Math.round(weight / 2),
      },
    },
  },
  {
    name: "reviews",
    typeDefs: `${LINK}
      type Review @key(fields: "id") { id: ID! body: String author: User @provides(fields: "username") product: Product }
      type User @key(fields: "id") { id: ID! username: String @external reviews: [Review] }
      type Product @key(fields: "upc") { upc: String! reviews: [Review] }`,
    resolvers: {
      Review: {
        __resolveReference: ({ id }: { id: string }) => reviews.find((each) => each.id === id),
        author: ({ author }: { author: string }) => ({ id: author, username: userOf.get(author)?.username }),
        product: ({ product }: { product: string }) => ({ upc: product }),
      },
      User: { reviews: ({ id }: { id: string }) => reviews.filter(({ author }) => author === id) },
      Product: { reviews: ({ upc }: { upc: string }) => reviews.filter(({ product }) => product === upc) },
    },
  },
];
