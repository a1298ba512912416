import { GraphQLError } from "graphql";
import { expect, test } from "vitest";
import { federated, json, type Answer, type TestSubgraph } from "./federated.ts";

const BOOKS: TestSubgraph = {
  typeDefs: `
    type Query { books: [Book!]! shelf: Shelf }
    type Shelf { books: [Book!]! }
    type Book @key(fields: "isbn") { isbn: ID! title: String }`,
  resolvers: { Query: { books: () => SAMPLE, shelf: () => ({ books: SAMPLE }) } },
};
const SAMPLE = [
  { isbn: "1", title: "One" },
  { isbn: "2", title: "Two" },
  { isbn: "1", title: "One" },
];
const REVIEWS = `type Book @key(fields: "isbn") { isbn: ID! stars: Int pages: Int! readers: [Reader!] } type Reader { name: String! }`;

function paths({ errors }: Answer) {
  return errors?.map(({ path }) => path);
}

test("an error of an entity's field is reported at every object that the entity stands for", async () => {
  const { ask } = await federated({
    books: BOOKS,
    reviews: {
      typeDefs: REVIEWS,
      resolvers: {
        Book: {
          __resolveReference: (reference: unknown) => reference,
          stars: ({ isbn }: { isbn: string }) => {
            if (isbn === "1")
              throw new GraphQLError("no stars", { extensions: { code: "STARS_MISSING", hint: "wait" } });
            return 5;
          },
        },
      },
    },
  });
  const answer = await ask("{ books { title rating: stars } }");
  expect(answer.data).toEqual({
    books: [
      { title: "One", rating: null },
      { title: "Two", rating: 5 },
      { title: "One", rating: null },
    ],
  });
  const error = (index: number) => ({
    message: "no stars",
    path: ["books", index, "rating"],
    extensions: { code: "STARS_MISSING", hint: "wait", service: "reviews" },
  });
  expect(answer.errors).toEqual([error(0), error(2)]);
});

test("an error deep inside an entity keeps its whole path", async () => {
  const { ask } = await federated({
    books: BOOKS,
    reviews: {
      typeDefs: REVIEWS,
      resolvers: {
        Book: { __resolveReference: (reference: unknown) => reference, readers: () => [{ name: "A" }, {}] },
      },
    },
  });
  const answer = await ask("{ shelf { books { readers { name } } } }");
  expect(answer.data).toEqual({ shelf: { books: [{ readers: null }, { readers: null }, { readers: null }] } });
  expect(paths(answer)?.sort()).toEqual([0, 1, 2].map((index) => ["shelf", "books", index, "readers", 1, "name"]));
  expect(
    answer.errors?.every(
      ({ extensions }) => typeof extensions["code"] === "string" && extensions["service"] === "reviews",
    ),
  ).toBe(true);
});

test("an entity that fails as a whole gives each of its fields the error", async () => {
  const { ask } = await federated({
    books: BOOKS,
    reviews: {
      typeDefs: REVIEWS,
      resolvers: {
        Book: {
          __resolveReference: async (reference: { isbn: string }) => {
            if (reference.isbn === "2") throw new GraphQLError("lost", { extensions: { code: "BOOK_LOST" } });
            return { ...reference, stars: 1, pages: 2 };
          },
        },
      },
    },
  });
  const nullable = await ask("{ books { title stars readers { name } } }");
  expect(nullable.data.books[1]).toEqual({ title: "Two", stars: null, readers: null });
  expect(paths(nullable)).toEqual([
    ["books", 1, "stars"],
    ["books", 1, "readers"],
  ]);
  expect(nullable.errors?.[0]).toMatchObject({
    message: "lost",
    extensions: { code: "BOOK_LOST", service: "reviews" },
  });

  const required = await ask("{ shelf { books { title pages } } }");
  expect(required.data).toEqual({ shelf: null });
  expect(paths(required)).toEqual([["shelf", "books", 1, "pages"]]);
});

test("an entity that is not found leaves its nullable fields null without an error", async () => {
  const { ask } = await federated({
    books: BOOKS,
    reviews: { typeDefs: REVIEWS, resolvers: { Book: { __resolveReference: () => null } } },
  });
  expect(await ask("{ books { title stars } }")).toEqual({
    data: { books: SAMPLE.map(({ title }) => ({ title, stars: null })) },
  });
});

test("an error without a path is given to the fields that did not come", async () => {
  const { ask } = await federated({
    books: BOOKS,
    reviews: {
      typeDefs: REVIEWS,
      answer: (_, response) => json(response, { errors: [{ message: "closed", extensions: { code: "CLOSED" } }] }, 503),
    },
  });
  const answer = await ask("{ books { title stars } }");
  expect(answer.data.books).toHaveLength(3);
  expect(paths(answer)).toEqual([
    ["books", 0, "stars"],
    ["books", 1, "stars"],
    ["books", 2, "stars"],
  ]);
  expect(answer.errors?.[0]).toMatchObject({ message: "closed", extensions: { code: "CLOSED", service: "reviews" } });
});

test("an error without a path beside data is reported without one", async () => {
  const { ask } = await federated({
    books: {
      ...BOOKS,
      answer: (_, response) => json(response, { data: { books: [] }, errors: [{ message: "slow today" }] }),
    },
  });
  expect(await ask("{ books { title } }")).toEqual({
    data: { books: [] },
    errors: [{ message: "slow today", extensions: { code: "SUBGRAPH_ERROR", service: "books" } }],
  });
});

test("an error in what only a @requires asked for is reported at the object that it was asked of", async () => {
  const { ask } = await federated({
    books: {
      typeDefs: `type Query { book: Book } type Book @key(fields: "isbn") { isbn: ID! price(in: String): Int }`,
      resolvers: {
        Query: { book: () => ({ isbn: "1" }) },
        Book: {
          price: () => {
            throw new Error("sold out");
          },
        },
      },
    },
    taxes: {
      typeDefs: `type Book @key(fields: "isbn") { isbn: ID! price(in: String): Int @external tax: Int @requires(fields: "price(in: \\"EUR\\")") }`,
      resolvers: {
        Book: {
          __resolveReference: (reference: unknown) => reference,
          tax: ({ price }: { price: number | null }) => price,
        },
      },
    },
  });
  const answer = await ask("{ b: book { tax } }");
  expect(answer.data).toEqual({ b: { tax: null } });
  expect(paths(answer)).toEqual([["b"]]);
});

test("a thousand entities that are not found are a thousand errors, each at its place", async () => {
  const count = 1_000;
  const { ask } = await federated({
    books: {
      typeDefs: `type Query { books: [Book]! } type Book @key(fields: "isbn") { isbn: ID! }`,
      resolvers: { Query: { books: () => Array.from({ length: count }, (_, index) => ({ isbn: String(index) })) } },
    },
    reviews: { typeDefs: REVIEWS, resolvers: { Book: { __resolveReference: () => null } } },
  });
  const answer = await ask("{ books { isbn pages } }");
  expect(answer.data.books).toEqual(Array.from({ length: count }, () => null));
  expect(paths(answer)).toEqual(Array.from({ length: count }, (_, index) => ["books", index, "pages"]));
});

test("a subgraph's stack trace does not leave the router", async () => {
  const { ask } = await federated({
    books: {
      ...BOOKS,
      answer: (_, response) =>
        json(response, {
          data: null,
          errors: [
            { message: "no", path: ["books"], extensions: { stacktrace: ["at secret.ts:1"], exception: { a: 1 } } },
          ],
        }),
    },
  });
  const answer = await ask("{ books { title } }");
  expect(answer.data).toBeNull();
  expect(answer.errors).toEqual([
    { message: "no", path: ["books"], extensions: { code: "SUBGRAPH_ERROR", service: "books" } },
  ]);
});

test("what a client does wrong has a code each", async () => {
  const { ask, federation } = await federated({ books: BOOKS, reviews: { typeDefs: REVIEWS, resolvers: {} } });
  const code = async (query: string, variables?: Record<string, unknown>) =>
    (await ask(query, variables)).errors?.[0]?.extensions["code"];
  expect(await code("{ books { ")).toBe("GRAPHQL_PARSE_FAILED");
  expect(await code("{ books { nothing } }")).toBe("GRAPHQL_VALIDATION_FAILED");
  expect(await code("{ books { title } } query B { books { title } }")).toBe("GRAPHQL_VALIDATION_FAILED");
  expect(await code("query A { books { title } } query B { books { title } }")).toBe("BAD_REQUEST");
  expect(await code("query ($x: Boolean!) { books { title @skip(if: $x) } }")).toBe("BAD_USER_INPUT");
  expect(await code("query ($x: Boolean!) { books { title @skip(if: $x) } }", { x: 3 })).toBe("BAD_USER_INPUT");
  expect(await code("query ($x: Boolean!) { books { title @skip(if: $x) } }", [] as never)).toBe("BAD_REQUEST");
  expect(await code(`{ ${"books { title } ".repeat(8_000)} }`)).toBe("OPERATION_LIMIT_EXCEEDED");
  expect(
    await code(
      `{ books { ...F0 } } ${Array.from({ length: 30 }, (_, n) => `fragment F${n} on Book { ...F${n + 1} ...F${n + 1} }`).join(" ")} fragment F30 on Book { title }`,
    ),
  ).toBe("OPERATION_LIMIT_EXCEEDED");
  expect(await code(`{ books ${"{ ... on Book ".repeat(4_000)} { title } ${"}".repeat(4_000)} }`)).toBe(
    "OPERATION_LIMIT_EXCEEDED",
  );
  const unknown = await federation.prepare({ query: "query A { books { title } }", operationName: "B" });
  expect("errors" in unknown && unknown.errors[0]?.extensions["code"]).toBe("BAD_REQUEST");
});

test("a field of a value that two subgraphs bring together has the error of the one that failed", async () => {
  const { ask } = await federated({
    books: {
      typeDefs: `
        type Query { books: [Book!]! }
        type Book @key(fields: "isbn") { isbn: ID! look: Look @shareable looks: [Look!] @shareable }
        type Look { cover: String }`,
      resolvers: {
        Query: { books: () => SAMPLE.map((book) => ({ ...book, look: { cover: "red" }, looks: [{ cover: "red" }] })) },
      },
    },
    prints: {
      typeDefs: `
        type Book @key(fields: "isbn") { isbn: ID! look: Look @shareable looks: [Look!] @shareable }
        type Look { paper: String }`,
      answer: (_, response) => response.writeHead(503).end(),
    },
  });
  const answer = await ask("{ books { look { cover paper } looks { cover paper } } }");
  expect(answer.data).toEqual({
    books: SAMPLE.map(() => ({ look: { cover: "red", paper: null }, looks: [{ cover: "red", paper: null }] })),
  });
  expect(paths(answer)).toEqual(
    SAMPLE.flatMap((_, index) => [
      ["books", index, "look", "paper"],
      ["books", index, "looks", 0, "paper"],
    ]),
  );
  expect(answer.errors!.map(({ extensions }) => extensions.code)).toEqual(
    answer.errors!.map(() => "SUBGRAPH_BAD_RESPONSE"),
  );
});

const COMPUTED = `type Book @key(fields: "isbn") { isbn: ID! size: Int @external verdict: String @requires(fields: "size") }`;

test("an input's error that nobody asked for is not told beside a null that has another reason", async () => {
  const { ask } = await federated({
    books: {
      typeDefs: `
        type Query { book: Book }
        type Book @key(fields: "isbn") { isbn: ID! size: Int note: String }`,
      resolvers: {
        Query: { book: () => ({ isbn: "1", note: null }) },
        Book: {
          size: () => {
            throw new GraphQLError("nobody knows the size");
          },
        },
      },
    },
    judges: {
      typeDefs: COMPUTED,
      resolvers: {
        Book: {
          __resolveReference: (reference: unknown) => reference,
          verdict: ({ size }: { size: number | null }) => `of size ${size}`,
        },
      },
    },
  });
  expect(await ask("{ book { note verdict } }")).toEqual({ data: { book: { note: null, verdict: "of size null" } } });
});

test("an input's error inside another object is told where the field is null that is computed from it", async () => {
  const { ask } = await federated({
    books: {
      typeDefs: `
        type Query { book: Book }
        type Book @key(fields: "isbn") { isbn: ID! cover: Cover }
        type Cover @key(fields: "id") { id: ID! }`,
      resolvers: { Query: { book: () => ({ isbn: "1", cover: { id: "c" } }) } },
    },
    covers: {
      typeDefs: `type Cover @key(fields: "id") { id: ID! size: Int! }`,
      resolvers: {
        Cover: {
          __resolveReference: (reference: unknown) => reference,
          size: () => {
            throw new GraphQLError("nobody knows the size");
          },
        },
      },
    },
    judges: {
      typeDefs: `
        type Book @key(fields: "isbn") { isbn: ID! cover: Cover @external verdict: String @requires(fields: "cover { size }") }
        type Cover @key(fields: "id") { id: ID! size: Int! @external }`,
      resolvers: {
        Book: { __resolveReference: (reference: unknown) => reference, verdict: () => "never computed" },
      },
    },
  });
  const answer = await ask("{ book { verdict cover { id } } }");
  expect(answer.data).toEqual({ book: { verdict: null, cover: { id: "c" } } });
  expect(answer.errors?.map(({ message }) => message)).toEqual(["nobody knows the size"]);
});
