import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { federated, json, type SubgraphRequest, type TestSubgraph } from "./federated.ts";

const USERS: TestSubgraph = {
  typeDefs: `type Query { users: [User!]! count: Int } type User @key(fields: "id") { id: ID! name: String }`,
  resolvers: {
    Query: {
      users: () => [
        { id: "1", name: "Ann" },
        { id: "2", name: "Bob" },
      ],
      count: () => 2,
    },
  },
};
const POSTS = `type Query { latest: String } type User @key(fields: "id") { id: ID! posts: Int karma: Int }`;

const entities = (request: SubgraphRequest, one: unknown) =>
  (request.variables["representations"] as unknown[]).map(() => one);

const faults: Record<
  string,
  { code: string; answer: (request: SubgraphRequest, response: ServerResponse) => void; timeoutMs?: number }
> = {
  "an answer that is not JSON": {
    code: "SUBGRAPH_BAD_RESPONSE",
    answer: (_, response) => response.end("<html>http://secret"),
  },
  "an answer that breaks off": {
    code: "SUBGRAPH_BAD_RESPONSE",
    answer: (_, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"data":');
      response.flushHeaders();
      setImmediate(() => response.destroy());
    },
  },
  "an error status without GraphQL": {
    code: "SUBGRAPH_BAD_RESPONSE",
    answer: (_, response) => response.writeHead(500).end("boom at /srv/app.js"),
  },
  "an error status with data": {
    code: "SUBGRAPH_BAD_RESPONSE",
    answer: (request, response) => json(response, { data: { _entities: entities(request, { posts: 1 }) } }, 500),
  },
  "a redirect": {
    code: "SUBGRAPH_BAD_RESPONSE",
    answer: (_, response) =>
      response.writeHead(302, { location: "http://127.0.0.1:1/" }).end('{"errors":[{"message":"moved"}]}'),
  },
  "an oversized answer": {
    code: "SUBGRAPH_BAD_RESPONSE",
    answer: (request, response) => {
      response.write(JSON.stringify({ data: { _entities: entities(request, { posts: 1, karma: 1 }) } }));
      response.end(" ".repeat(2_000_000)); // in pieces, so that no header says how much comes
    },
  },
  "an answer that says it is oversized": {
    code: "SUBGRAPH_BAD_RESPONSE",
    answer: (_, response) => {
      response.writeHead(200, { "content-length": "9000000" });
      response.flushHeaders();
    },
  },
  "an answer in an encoding": {
    code: "SUBGRAPH_BAD_RESPONSE",
    answer: (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("x"),
  },
  "an array": { code: "SUBGRAPH_BAD_RESPONSE", answer: (_, response) => json(response, []) },
  "neither data nor errors": { code: "SUBGRAPH_BAD_RESPONSE", answer: (_, response) => json(response, {}) },
  "data that is a text": { code: "SUBGRAPH_BAD_RESPONSE", answer: (_, response) => json(response, { data: "x" }) },
  "entities that are no list": {
    code: "SUBGRAPH_BAD_RESPONSE",
    answer: (_, response) => json(response, { data: { _entities: {} } }),
  },
  "too few entities": {
    code: "SUBGRAPH_BAD_RESPONSE",
    answer: (_, response) => json(response, { data: { _entities: [] } }),
  },
  "entities that are no objects": {
    code: "SUBGRAPH_BAD_RESPONSE",
    answer: (request, response) => json(response, { data: { _entities: entities(request, 7) } }),
  },
  "a connection that is reset": {
    code: "SUBGRAPH_UNREACHABLE",
    answer: (_, response) => response.socket?.resetAndDestroy(),
  },
  silence: { code: "SUBGRAPH_TIMEOUT", answer: () => {}, timeoutMs: 50 },
  "a body that never ends": {
    code: "SUBGRAPH_TIMEOUT",
    answer: (_, response) => {
      response.writeHead(200);
      response.write('{"data":');
    },
    timeoutMs: 50,
  },
};

describe.each(["lean", "undici"] as const)("with the client %s", (httpClient) => {
  for (const [fault, { code, answer, timeoutMs }] of Object.entries(faults)) {
    test(`${fault}: the fields concerned are null with ${code}, the rest is answered`, async () => {
      const { ask } = await federated({ users: USERS, posts: { typeDefs: POSTS, answer } }, (name) => ({
        httpClient,
        ...(name === "posts" && timeoutMs !== undefined && { timeoutMs }),
      }));
      const result = await ask("{ count users { name posts karma } }");
      expect(result.data).toEqual({
        count: 2,
        users: ["Ann", "Bob"].map((name) => ({ name, posts: null, karma: null })),
      });
      expect(result.errors?.map(({ path, extensions }) => ({ path, extensions }))).toEqual(
        [0, 1].flatMap((index) =>
          ["posts", "karma"].map((field) => ({
            path: ["users", index, field],
            extensions: { code, service: "posts" },
          })),
        ),
      );
      for (const { message } of result.errors!) expect(message).not.toMatch(/http|127\.0\.0\.1|secret|boom|srv/);
    });
  }

  test("a root field of a subgraph that fails is null, those of others are answered", async () => {
    const { ask } = await federated(
      {
        users: USERS,
        posts: { typeDefs: POSTS, answer: (_, response) => response.writeHead(502).end() },
      },
      () => ({ httpClient }),
    );
    expect(await ask("{ latest count }")).toEqual({
      data: { latest: null, count: 2 },
      errors: [
        {
          message: "The subgraph answered with an error status",
          path: ["latest"],
          extensions: { code: "SUBGRAPH_BAD_RESPONSE", service: "posts" },
        },
      ],
    });
  });

  test("a field that needs what a failed subgraph should have sent has that failure", async () => {
    const { ask } = await federated(
      {
        users: USERS,
        posts: { typeDefs: POSTS, answer: (_, response) => response.writeHead(500).end() },
        badges: {
          typeDefs: `type User @key(fields: "id") { id: ID! karma: Int @external badge: String @requires(fields: "karma") }`,
          resolvers: { User: { __resolveReference: (reference: unknown) => reference, badge: () => "gold" } },
        },
      },
      () => ({ httpClient }),
    );
    const result = await ask("{ users { name badge } }");
    expect(result.data.users).toEqual([
      { name: "Ann", badge: null },
      { name: "Bob", badge: null },
    ]);
    expect(result.errors?.map(({ path, extensions }) => [path, extensions["service"]])).toEqual([
      [["users", 0, "badge"], "posts"],
      [["users", 1, "badge"], "posts"],
    ]);
  });

  test("a subgraph that nobody listens for is unreachable", async () => {
    const { federation, supergraphSdl } = await federated({ users: USERS }, () => ({ httpClient }));
    await federation.update(supergraphSdl.replace(/http:\/\/127\.0\.0\.1:\d+/, "http://127.0.0.1:9"));
    const prepared = await federation.prepare({ query: "{ count }" });
    if ("errors" in prepared) throw new Error("not prepared");
    const answer = JSON.parse(
      await prepared.execute({ headersFor: () => ({}), signal: new AbortController().signal }, {}),
    );
    expect(answer).toMatchObject({
      data: { count: null },
      errors: [{ path: ["count"], extensions: { code: "SUBGRAPH_UNREACHABLE", service: "users" } }],
    });
  });

  test("a caller that gives up gets what is there, and the subgraph's exchange is ended", async () => {
    const closed = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const { federation } = await federated(
      {
        users: USERS,
        posts: {
          typeDefs: POSTS,
          answer: (_, response) => {
            response.on("close", () => closed.resolve());
            asked.resolve();
          },
        },
      },
      () => ({ httpClient }),
    );
    const prepared = await federation.prepare({ query: "{ latest count }" });
    if ("errors" in prepared) throw new Error("not prepared");
    const caller = new AbortController();
    const pending = prepared.execute({ headersFor: () => ({}), signal: caller.signal }, {});
    await asked.promise;
    caller.abort();
    const answer = JSON.parse(await pending);
    expect(answer.data.latest).toBeNull();
    expect(answer.errors[0]).toMatchObject({ path: ["latest"], extensions: { code: "TIMEOUT", service: "posts" } });
    await closed.promise;
  });
});
