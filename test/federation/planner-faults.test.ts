import { GraphQLError } from "graphql";
import { expect, test } from "vitest";
import { federated } from "./federated.ts";

// What stock Apollo Gateway gets wrong because its planner does; each case here has types of our own.

test("a key that is not resolvable is not taken for one that is", async () => {
  const ships: Record<string, { imo: string; flag: string; hull: { yard: string; number: string } }> = {
    "1": { imo: "1", flag: "NO", hull: { yard: "A", number: "7" } },
  };
  const { ask } = await federated({
    registry: {
      typeDefs: `
        type Ship @key(fields: "imo") @key(fields: "hull { yard }", resolvable: false) { imo: ID! hull: Hull! flag: String! }
        type Hull @shareable { yard: ID! number: ID! }`,
      resolvers: { Ship: { __resolveReference: ({ imo }: { imo: string }) => ships[imo] } },
    },
    ports: {
      typeDefs: `
        type Query { calls: [Call!]! }
        type Call { ship: Ship! }
        type Ship @key(fields: "hull { yard }", resolvable: false) @key(fields: "imo hull { number }") @key(fields: "imo", resolvable: false) {
          imo: ID! hull: Hull! flag: String! @external dues: Int! @requires(fields: "flag")
        }
        type Hull @shareable { yard: ID! number: ID! }`,
      resolvers: {
        Query: { calls: () => [{ ship: { imo: "1", hull: ships["1"]!.hull } }] },
        Ship: {
          __resolveReference: (reference: { imo: string; hull: { number: string } }) =>
            reference.imo && reference.hull.number ? reference : null,
          dues: ({ flag }: { flag: string }) => (flag === "NO" ? 10 : 20),
        },
      },
    },
  });
  expect(await ask("{ calls { ship { imo flag dues } } }")).toEqual({
    data: { calls: [{ ship: { imo: "1", flag: "NO", dues: 10 } }] },
  });
});

const HOTEL = {
  rooms: {
    typeDefs: `
      type Query { hotels: [Hotel!]! }
      type Hotel @key(fields: "id") { id: ID! name: String! rooms(limit: Int!): [Room!]! }
      type Room { number: Int! price(currency: String!): Int! }`,
    resolvers: {
      Query: { hotels: () => [{ id: "h1", name: "Bellevue" }] },
      Hotel: {
        __resolveReference: ({ id }: { id: string }) => ({ id, name: "Bellevue" }),
        rooms: (_: unknown, { limit }: { limit: number }) =>
          Array.from({ length: limit }, (_each, index) => ({ number: index + 1 })),
      },
      Room: { price: (_: unknown, { currency }: { currency: string }) => (currency === "EUR" ? 2 : 1) },
    },
  },
  statistics: {
    typeDefs: `
      type Hotel @key(fields: "id") {
        id: ID!
        rooms(limit: Int!): [Room!]! @external
        sampled: Int! @requires(fields: "rooms(limit: 3) { number }")
        sampledMore: Int! @requires(fields: "rooms(limit: 5) { number }")
        revenueEuro: Int! @requires(fields: "rooms(limit: 2) { price(currency: \\"EUR\\") }")
        revenueDollar: Int! @requires(fields: "rooms(limit: 2) { price(currency: \\"USD\\") }")
      }
      type Room @external { number: Int! price(currency: String!): Int! }`,
    resolvers: {
      Hotel: {
        __resolveReference: (reference: unknown) => reference,
        sampled: ({ rooms }: { rooms: unknown[] }) => rooms.length,
        sampledMore: ({ rooms }: { rooms: unknown[] }) => rooms.length,
        revenueEuro: ({ rooms }: { rooms: { price: number }[] }) => rooms.reduce((sum, { price }) => sum + price, 0),
        revenueDollar: ({ rooms }: { rooms: { price: number }[] }) => rooms.reduce((sum, { price }) => sum + price, 0),
      },
    },
  },
};

test("a client's arguments and those of a @requires of the same field keep apart", async () => {
  const { ask } = await federated(HOTEL);
  expect(await ask("{ hotels { rooms(limit: 1) { number } sampled } }")).toEqual({
    data: { hotels: [{ rooms: [{ number: 1 }], sampled: 3 }] },
  });
});

test("a client's arguments under an alias and by a variable keep apart from those of a @requires", async () => {
  const { ask } = await federated(HOTEL);
  expect(
    await ask("query ($n: Int!) { hotels { sampled few: rooms(limit: $n) { number } rooms(limit: 2) { number } } }", {
      n: 1,
    }),
  ).toEqual({
    data: { hotels: [{ sampled: 3, few: [{ number: 1 }], rooms: [{ number: 1 }, { number: 2 }] }] },
  });
});

test("a field that only a @requires asks for does not reach the client", async () => {
  const { ask } = await federated(HOTEL);
  expect(await ask("{ hotels { name sampled } }")).toEqual({ data: { hotels: [{ name: "Bellevue", sampled: 3 }] } });
});

test("two @requires of one field with different arguments get their own values", async () => {
  const { ask, requests } = await federated(HOTEL);
  expect(await ask("{ hotels { sampled sampledMore revenueEuro revenueDollar } }")).toEqual({
    data: { hotels: [{ sampled: 3, sampledMore: 5, revenueEuro: 4, revenueDollar: 2 }] },
  });
  expect(requests.filter(({ subgraph }) => subgraph === "statistics")).toHaveLength(1);
});

test("what no subgraph can resolve is refused instead of answered with null", async () => {
  const { ask, requests } = await federated({
    register: {
      typeDefs: `
        type Query { patient: Animal }
        interface Animal @key(fields: "id") { id: ID! }`,
      resolvers: { Query: { patient: () => ({ __typename: "Animal", id: "1" }) } },
    },
    vet: {
      typeDefs: `
        type Query { treated: Animal }
        type Animal @key(fields: "id", resolvable: false) @interfaceObject { id: ID! diagnosis: String }`,
      resolvers: { Query: { treated: () => ({ id: "1", diagnosis: "cold" }) } },
    },
  });
  expect(await ask("{ treated { id diagnosis } }")).toEqual({ data: { treated: { id: "1", diagnosis: "cold" } } });
  requests.length = 0;

  const answer = await ask("{ patient { diagnosis } }");
  expect(answer.data).toBeUndefined();
  expect(answer.errors?.map(({ extensions }) => extensions["code"])).toEqual(["OPERATION_NOT_RESOLVABLE"]);
  expect(requests).toEqual([]);
});

test("an object is there when all that is selected on it is skipped", async () => {
  const { ask } = await federated({
    lamps: {
      typeDefs: `type Query { lamp: Lamp } type Lamp @key(fields: "id") { id: ID! watts: Int }`,
      resolvers: { Query: { lamp: () => ({ id: "1", watts: 7 }) } },
    },
  });
  const query = "query ($p: Boolean!) { lamp @include(if: $p) { watts @skip(if: $p) } }";
  expect(await ask(query, { p: true })).toEqual({ data: { lamp: {} } });
  expect(await ask(query, { p: false })).toEqual({ data: {} });
});

test("a type that cannot be told because its subgraph failed has that failure", async () => {
  const { ask } = await federated({
    zoo: {
      typeDefs: `
        interface Animal @key(fields: "id") { id: ID! }
        type Lion implements Animal @key(fields: "id") { id: ID! mane: String }
        type Query { zoo: String }`,
      answer: (_request, response) => response.writeHead(500).end(),
    },
    vet: {
      typeDefs: `type Query { patient: Animal } type Animal @key(fields: "id") @interfaceObject { id: ID! diagnosis: String }`,
      resolvers: { Query: { patient: () => ({ id: "1", diagnosis: "a cold" }) } },
    },
  });
  const { data, errors } = await ask("{ patient { __typename } }");
  expect(data).toEqual({ patient: null });
  expect(errors?.map(({ path, extensions }) => [path, extensions["service"]])).toEqual([
    [["patient", "__typename"], "zoo"],
  ]);

  const depending = await ask("{ patient { diagnosis ... on Lion { mane } } }");
  expect(depending.data).toEqual({ patient: null });
  expect(depending.errors?.map(({ extensions }) => extensions["service"])).toEqual(["zoo"]);
  expect((await ask("{ patient { diagnosis } }")).data).toEqual({ patient: { diagnosis: "a cold" } });
});

test("fields of one name and different types keep their answers apart, what a @requires selects too", async () => {
  const { ask, requests } = await federated({
    store: {
      typeDefs: `
        type Query { items: [Item!]! }
        union Item = Crate | Parcel
        type Parcel { label: [Int!]! }
        type Crate @key(fields: "id") {
          id: ID!
          label: [String!]
          code: String @external
          seal: String @requires(fields: "code")
        }`,
      resolvers: {
        Query: {
          items: () => [
            { __typename: "Parcel", label: [1] },
            { __typename: "Crate", id: "1", label: ["a"] },
          ],
        },
        Crate: {
          __resolveReference: (sent: object) => ({ label: ["a"], ...sent }),
          seal: ({ code }: { code: string }) => `seal of ${code}`,
        },
      },
    },
    desk: {
      typeDefs: `
        type Crate @key(fields: "id") {
          id: ID!
          label: [String!] @external
          seal: String @external
          code: String @requires(fields: "label")
          stamp: String @requires(fields: "seal")
        }`,
      resolvers: {
        Crate: {
          __resolveReference: (sent: unknown) => sent,
          code: ({ label }: { label: string[] }) => `code of ${label.join()}`,
          stamp: ({ seal }: { seal: string }) => `stamp of ${seal}`,
        },
      },
    },
  });
  const query = `query ($yes: Boolean!) {
    items { ... on Parcel { label @include(if: $yes) } ... on Crate @include(if: true) { stamp } }
  }`;
  expect(await ask(query, { yes: true })).toEqual({
    data: { items: [{ label: [1] }, { stamp: "stamp of seal of code of a" }] },
  });
  expect(requests).toHaveLength(4);
});

test("what is split off because of a variable's field does not declare the variable", async () => {
  const { ask } = await federated({
    weather: {
      typeDefs: `
        type Query { places: [Place!] }
        type Mutation { move: Place }
        type Place @key(fields: "id") { id: ID! rain(unit: String = "mm"): String }`,
      resolvers: {
        Mutation: { move: () => ({ id: "1" }) },
        Place: { rain: (_: unknown, { unit }: { unit: string }) => `7 ${unit}` },
      },
    },
    advice: {
      typeDefs: `
        type Place @key(fields: "id") {
          id: ID!
          rain(unit: String = "mm"): String @external
          inches: String @requires(fields: "rain(unit: \\"in\\")")
          coat: String @requires(fields: "rain")
        }`,
      resolvers: {
        Place: {
          __resolveReference: (reference: unknown) => reference,
          inches: ({ rain }: { rain: string }) => rain,
          coat: ({ rain }: { rain: string }) => `for ${rain}`,
        },
      },
    },
  });
  expect(await ask("mutation ($q: Boolean!) { move { inches @include(if: $q) coat } }", { q: true })).toEqual({
    data: { move: { inches: "7 in", coat: "for 7 mm" } },
  });
});

test("where the planner contradicts itself over the best plan, another one is taken", async () => {
  const thing = { id: "1" };
  const { ask } = await federated({
    a: {
      typeDefs: `
        type Box @key(fields: "id") { id: ID! link: [Thing!]! @shareable }
        type Thing @key(fields: "id") {
          id: ID! calc0: String @external calc1: String @external calc2: String! @requires(fields: "calc0 calc1")
        }`,
      resolvers: {
        Box: { __resolveReference: () => ({ id: "b" }), link: () => [thing] },
        Thing: {
          __resolveReference: (reference: unknown) => reference,
          calc2: ({ calc0, calc1 }: Record<string, string>) => `${calc0} ${calc1}`,
        },
      },
    },
    b: {
      typeDefs: `
        type Query { boxes: [Box!]! }
        type Box @key(fields: "id") { id: ID! link: [Thing!]! @shareable }
        type Thing @key(fields: "id") { id: ID! next: [String] @external calc0: String @requires(fields: "next") }`,
      resolvers: {
        Query: { boxes: () => [{ id: "b", link: [thing] }] },
        Thing: {
          __resolveReference: (reference: unknown) => reference,
          calc0: ({ next }: { next: string[] }) => next.join(),
        },
      },
    },
    c: {
      typeDefs: `
        type Box @key(fields: "id") { id: ID! }
        type Thing @key(fields: "id") {
          id: ID! next: [String] calc0: String @external calc1: String @requires(fields: "calc0")
        }`,
      resolvers: {
        Thing: {
          __resolveReference: (reference: { id: string }) => ({ ...reference, next: ["n"] }),
          calc1: ({ calc0 }: { calc0: string }) => `after ${calc0}`,
        },
      },
    },
  });
  expect(await ask("{ boxes { link { calc0 } } boxes { link { calc1 calc2 } } }")).toEqual({
    data: { boxes: [{ link: [{ calc0: "n", calc1: "after n", calc2: "n after n" }] }] },
  });
});

test("an error of a field that was fetched for a type without being asked for it is not told", async () => {
  const { ask } = await federated({
    animals: {
      typeDefs: `
        type Query { animals: [Animal!]! }
        interface Animal @key(fields: "id") { id: ID! name: String }
        type Cat implements Animal @key(fields: "id") { id: ID! name: String }
        type Dog implements Animal @key(fields: "id") { id: ID! name: String }`,
      resolvers: {
        Query: {
          animals: () => [
            { __typename: "Cat", id: "1" },
            { __typename: "Dog", id: "2" },
          ],
        },
      },
    },
    clinic: {
      typeDefs: `type Animal @key(fields: "id") @interfaceObject { id: ID! state: String }`,
      resolvers: {
        Animal: {
          __resolveReference: (reference: unknown) => reference,
          state: ({ id }: { id: string }) => {
            if (id === "2") throw new GraphQLError("no state");
            return "well";
          },
        },
      },
    },
  });
  const { data, errors } = await ask("{ animals { state ... on Cat { cats: state } } }");
  expect(data).toEqual({ animals: [{ state: "well", cats: "well" }, { state: null }] });
  expect(errors?.map(({ path }) => path)).toEqual([["animals", 1, "state"]]);
  // Nor where another field is null that has nothing to do with it.
  expect(await ask("{ animals { name ... on Cat { state } } }")).toEqual({
    data: { animals: [{ name: null, state: "well" }, { name: null }] },
  });
  const repeated = await ask("{ animals { name state ... on Cat { cats: state } } }");
  expect(repeated.errors?.map(({ path }) => path)).toEqual([["animals", 1, "state"]]);
});

test("a subgraph that knows the interface only is asked of each type for what is selected on it", async () => {
  const { ask, requests } = await federated({
    animals: {
      typeDefs: `
        type Query { animals: [Animal]! }
        interface Animal @key(fields: "id") { id: ID! tag: String }
        type Cat implements Animal @key(fields: "id") { id: ID! tag: String }
        type Dog implements Animal @key(fields: "id") { id: ID! tag: String }`,
      resolvers: {
        Query: {
          animals: () => [
            { __typename: "Cat", id: "1", tag: "one" },
            { __typename: "Dog", id: "2", tag: "two" },
          ],
        },
      },
    },
    clinic: {
      typeDefs: `
        type Animal @key(fields: "id") @interfaceObject {
          id: ID!
          tag: String @external
          label: String @requires(fields: "tag")
          state: String!
        }`,
      resolvers: {
        Animal: {
          __resolveReference: (reference: unknown) => reference,
          label: ({ tag }: { tag: string }) => `label ${tag}`,
          state: ({ id }: { id: string }) => {
            if (id === "2") throw new GraphQLError("no state");
            return "well";
          },
        },
      },
    },
  });
  // A null of the other type's field would take the whole entity.
  expect(await ask("{ animals { label ... on Cat { cats: state } } }")).toEqual({
    data: { animals: [{ label: "label one", cats: "well" }, { label: "label two" }] },
  });
  expect(requests.filter(({ subgraph }) => subgraph === "clinic")).toHaveLength(1);
  const query =
    "query ($all: Boolean!) { animals { label state @include(if: $all) ... on Cat { state @skip(if: $all) } } }";
  expect(await ask(query, { all: false })).toEqual({
    data: { animals: [{ label: "label one", state: "well" }, { label: "label two" }] },
  });
  expect((await ask(query, { all: true })).data).toEqual({ animals: [{ label: "label one", state: "well" }, null] });
});

test("each of several conditions around what a repair moved is obeyed", async () => {
  const whole = { __resolveReference: (reference: unknown) => reference };
  const { ask } = await federated({
    moods: {
      typeDefs: `type Parcel @key(fields: "id") { id: ID! mood: String }`,
      resolvers: { Parcel: { ...whole, mood: () => "m" } },
    },
    items: {
      typeDefs: `
        type Query { item: Item }
        union Item = Letter | Parcel
        type Letter { text: String }
        type Parcel @key(fields: "id") {
          id: ID! mood: String @external first: String @external second: String! @requires(fields: "mood first")
        }`,
      resolvers: {
        Query: { item: () => ({ __typename: "Parcel", id: "1" }) },
        Parcel: { ...whole, second: ({ mood, first }: Record<string, string>) => `${mood}${first}2` },
      },
    },
    prices: {
      typeDefs: `
        type Parcel @key(fields: "id") {
          id: ID! mood: String @external second: String! @external
          first: String @requires(fields: "mood")
          third: String @requires(fields: "mood second")
        }`,
      resolvers: {
        Parcel: {
          ...whole,
          first: ({ mood }: Record<string, string>) => `${mood}1`,
          third: ({ second }: Record<string, string>) => `${second}3`,
        },
      },
    },
  });
  const query = `query ($p: Boolean!, $q: Boolean!) {
    item { ... on Parcel { ... on Parcel { ... on Parcel @include(if: $q) { third @include(if: $p) } } } }
  }`;
  expect(await ask(query, { p: true, q: false })).toEqual({ data: { item: {} } });
  expect(await ask(query, { p: true, q: true })).toEqual({ data: { item: { third: "mm123" } } });
});
