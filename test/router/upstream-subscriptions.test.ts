import { eventually } from "@mib/testkit/eventually";
import { describe, expect, test } from "vitest";
import type { TestSubgraph } from "../federation/federated.ts";
import { publishingSubgraph } from "./publishing-subgraph.ts";
import { receive, runningRouter } from "./running-router.ts";
import { issuer } from "./token-issuer.ts";

const SHIPS: TestSubgraph = {
  typeDefs: `type Query { ship: Ship } type Ship @key(fields: "id") { id: ID! name: String! flag: String }`,
  resolvers: { Ship: { __resolveReference: ({ id }: { id: string }) => ({ id, name: `ship ${id}`, flag: null }) } },
};

const ARRIVALS = `subscription ($port: ID!) { arrivals(port: $port) { berth ship { name } } }`;

async function harbour(subscriptions: Record<string, unknown> = {}, settings: Record<string, unknown> = {}) {
  const publisher = await publishingSubgraph();
  const router = await runningRouter(
    { publisher: publisher.subgraph, ships: SHIPS },
    {
      all_subgraphs: { subscriptions: { backoff_ms: 20, backoff_ms_max: 200, ...subscriptions } },
      ...settings,
    },
  );
  const open = (count: number) => eventually(() => expect(publisher.open.length).toBe(count));
  return { publisher, router, open };
}

const arrival = (id: number) => ({ data: { arrivals: { berth: id, ship: { name: `ship ${id}` } } } });

describe.each(["graphql-ws", "sse"])("a subscription that a subgraph serves by %s", (protocol) => {
  test("brings each event in order, with fields of other subgraphs", async () => {
    const { publisher, router, open } = await harbour({ protocol });
    const received = receive(router.client(), ARRIVALS, { port: "Bergen" });
    await open(1);
    expect(publisher.open[0]).toMatchObject({ field: "arrivals", args: { port: "Bergen" } });
    for (let id = 1; id <= 50; id++) publisher.publish("arrivals", { berth: id, ship: { id: String(id) } });
    await eventually(() => expect(received.values.length).toBe(50));
    expect(received.values).toEqual(Array.from({ length: 50 }, (_, index) => arrival(index + 1)));
  });

  test("is asked for once for all who ask the same, and ended with the last of them", async () => {
    const { publisher, router, open } = await harbour({ protocol });
    const client = router.client();
    const first = receive(client, ARRIVALS, { port: "Bergen" });
    const second = receive(router.client(), `subscription Other ${ARRIVALS.slice(12)}`, { port: "Bergen" });
    const other = receive(client, `subscription { arrivals(port: "Bergen") { berth } }`);
    await open(2);
    await eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(3));
    publisher.publish("arrivals", { berth: 7, ship: { id: "7" } });
    await eventually(() => expect([first.values, second.values]).toEqual([[arrival(7)], [arrival(7)]]));
    await eventually(() => expect(other.values).toEqual([{ data: { arrivals: { berth: 7 } } }]));
    expect(await router.metric("router_upstream_subscriptions_open")).toBe(2);
    expect(publisher.opened).toBe(2);
    expect(publisher.connections).toBe(protocol === "sse" ? 2 : 1);
    first.stop();
    other.stop();
    await open(1);
    publisher.publish("arrivals", { berth: 8, ship: { id: "8" } });
    await eventually(() => expect(second.values).toEqual([arrival(7), arrival(8)]));
    second.stop();
    await open(0);
    await eventually(() => expect(publisher.connections).toBe(0));
    expect(await router.metric("router_upstream_subscriptions_open")).toBe(0);
    expect(first.values.length).toBe(1);
  });

  test("is one's own where sharing is off", async () => {
    const { publisher, router, open } = await harbour({ protocol, shared: false });
    const received = [1, 2].map(() => receive(router.client(), ARRIVALS, { port: "Bergen" }));
    await open(2);
    publisher.open[0]!.push({ berth: 1, ship: { id: "1" } });
    await eventually(() => expect(new Set(received.map(({ values }) => values.length))).toEqual(new Set([0, 1])));
  });

  test("is never shared by two users where the subgraph learns who calls", async () => {
    const auth = await issuer();
    const { publisher, router, open } = await harbour(
      {},
      {
        authentication: { jwks_url: auth.jwksUrl },
        subgraphs: { publisher: { identity: "subject", subscriptions: { protocol } } },
      },
    );
    const by = async (sub: string) => router.client({ authorization: `Bearer ${await auth.token({ sub })}` });
    const received = [await by("ada"), await by("ada"), await by("bob"), router.client()].map((client) =>
      receive(client, "subscription { mine { text } }"),
    );
    await open(3);
    expect(new Set(publisher.open.map(({ caller }) => caller))).toEqual(new Set(["ada", "bob", null]));
    expect(publisher.connections).toBe(3);
    await eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(4));
    for (const { caller, push } of publisher.open) push({ text: `for ${caller}` });
    await eventually(() =>
      expect(received.map(({ values }) => values.map(({ data }) => data.mine.text))).toEqual([
        ["for ada"],
        ["for ada"],
        ["for bob"],
        ["for null"],
      ]),
    );
  });

  test("is taken up again when the subgraph is back, and the next event says that some may be missing", async () => {
    const { publisher, router, open } = await harbour({ protocol });
    const received = receive(router.client(), ARRIVALS, { port: "Bergen" });
    await open(1);
    publisher.publish("arrivals", { berth: 1, ship: { id: "1" } });
    await eventually(() => expect(received.values.length).toBe(1));
    await publisher.kill();
    await eventually(async () => expect(await router.metric("router_upstream_reconnects_total")).toBeGreaterThan(1));
    await publisher.start();
    await open(1);
    publisher.publish("arrivals", { berth: 2, ship: { id: "2" } });
    publisher.publish("arrivals", { berth: 3, ship: { id: "3" } });
    await eventually(() => expect(received.values.length).toBe(3));
    expect(received.values).toEqual([
      arrival(1),
      { ...arrival(2), extensions: { stream: { gap: { count: null, reason: "lost" } } } },
      arrival(3),
    ]);
    expect(received.errors).toEqual([]);
  });

  test("ends with a code when the subgraph stays away", async () => {
    const { publisher, router, open } = await harbour({ protocol, reconnects_max: 3 });
    const received = receive(router.client(), ARRIVALS, { port: "Bergen" });
    await open(1);
    await publisher.kill();
    await eventually(() =>
      expect(received.errors[0]).toMatchObject([
        { extensions: { code: "SUBGRAPH_UNREACHABLE", service: "publisher" } },
      ]),
    );
    expect(await router.metric("router_upstream_reconnects_total")).toBe(3);
    expect(await router.metric("router_upstream_subscriptions_open")).toBe(0);
    const late = receive(router.client(), ARRIVALS, { port: "Bergen" });
    await eventually(() => expect(late.errors[0]?.[0]?.extensions.code).toBe("SUBGRAPH_UNREACHABLE"));
    expect(await router.metric("router_upstream_reconnects_total")).toBe(3);
  });

  test("is lost when the subgraph gives no sign of life", async () => {
    const { publisher, router, open } = await harbour({ protocol, heartbeat_ms: 100, reconnects_max: 2 }, {});
    const received = receive(router.client(), ARRIVALS, { port: "Bergen" });
    await open(1);
    publisher.freeze();
    await eventually(async () => expect(await router.metric("router_upstream_reconnects_total")).toBeGreaterThan(0));
    expect(received.errors).toEqual([]);
  });

  test("ends when the subgraph ends it, and not before what came before", async () => {
    const { publisher, router, open } = await harbour({ protocol });
    const received = receive(router.client(), ARRIVALS, { port: "Bergen" });
    await open(1);
    publisher.publish("arrivals", { berth: 1, ship: { id: "1" } });
    publisher.open[0]!.end();
    await eventually(() => expect(received.done).toBe(true));
    expect(received.values).toEqual([arrival(1)]);
    await eventually(() => expect(publisher.connections).toBe(0));
  });

  test("is over with the error that its resolver throws", async () => {
    const { router } = await harbour({ protocol });
    const received = receive(router.client(), "subscription { no: refused { text } }");
    await eventually(() => expect(received.done).toBe(true));
    expect(received.values).toEqual([
      {
        data: null,
        errors: [{ message: "not today", path: ["no"], extensions: { code: "CLOSED", service: "publisher" } }],
      },
    ]);
    expect(await router.metric("router_upstream_subscriptions_open")).toBe(0);
  });

  test("has the errors of an event at the client's own path", async () => {
    const { publisher, router, open } = await harbour({ protocol });
    const received = receive(router.client(), `subscription { came: arrivals(port: "Bergen") { berth note: remark } }`);
    await open(1);
    publisher.publish("arrivals", { berth: 1, ship: { id: "1" }, remark: "broken" });
    publisher.publish("arrivals", { berth: null, ship: { id: "1" } });
    await eventually(() => expect(received.values.length).toBe(2));
    expect(received.values[0]).toEqual({
      data: { came: { berth: 1, note: null } },
      errors: [{ message: "no remark", path: ["came", "note"], extensions: { code: "REMARK", service: "publisher" } }],
    });
    expect(received.values[1]).toMatchObject({ data: null, errors: [{ extensions: { service: "publisher" } }] });
  });

  test("is refused where the subgraph has as many as it may have", async () => {
    const { router, open } = await harbour({ protocol, open_max: 1 });
    receive(router.client(), ARRIVALS, { port: "Bergen" });
    await open(1);
    const received = receive(router.client(), ARRIVALS, { port: "Oslo" });
    await eventually(() => expect(received.errors[0]?.[0].extensions.code).toBe("SUBSCRIPTION_LIMIT_EXCEEDED"));
  });
});

test("an operation that the subgraph does not take ends with the subgraph's own errors", async () => {
  const publisher = await publishingSubgraph();
  const { typeDefs, url } = publisher.subgraph;
  const more = typeDefs.replace("mine: Note!", "mine: Note! newer: Note!");
  const router = await runningRouter({ publisher: { typeDefs: more, url: url! } });
  const received = receive(router.client(), "subscription { newer { text } }");
  await eventually(() =>
    expect(received.errors).toEqual([
      [
        {
          message: expect.stringContaining('Cannot query field "newer"'),
          extensions: { code: "SUBGRAPH_ERROR", service: "publisher" },
        },
      ],
    ]),
  );
});

test.each([
  ["no subgraph", "http://127.0.0.1:9/graphql", "SUBGRAPH_UNREACHABLE"],
  ["one that opens no WebSocket", null, "SUBGRAPH_BAD_RESPONSE"],
])("%s: the client is told at once", async (_, url, code) => {
  const { typeDefs } = (await publishingSubgraph()).subgraph;
  const router = await runningRouter({
    publisher: url === null ? { typeDefs, answer: (_request, response) => response.end() } : { typeDefs, url },
  });
  const received = receive(router.client(), "subscription { mine { text } }");
  await eventually(() => expect(received.errors[0]?.[0]).toMatchObject({ extensions: { code, service: "publisher" } }));
  expect(await router.metric("router_upstream_reconnects_total")).toBe(0);
});

test("a circuit that is open refuses subscriptions too", async () => {
  const { typeDefs } = (await publishingSubgraph()).subgraph;
  const circuit_breaker = { requests_min: 2 };
  const router = await runningRouter(
    { publisher: { typeDefs, url: "http://127.0.0.1:9/graphql" } },
    { all_subgraphs: { circuit_breaker } },
  );
  const codes: unknown[] = [];
  for (const _ of [1, 2, 3]) {
    const received = receive(router.client(), "subscription { mine { text } }");
    await eventually(() => expect(received.errors.length).toBe(1));
    codes.push(received.errors[0][0].extensions.code);
  }
  expect(codes).toEqual(["SUBGRAPH_UNREACHABLE", "SUBGRAPH_UNREACHABLE", "SUBGRAPH_CIRCUIT_OPEN"]);
});

test("new settings are for new sockets; those that are open end on what they began with", async () => {
  const { publisher, router, open } = await harbour();
  const before = receive(router.client(), ARRIVALS, { port: "Bergen" });
  await open(1);
  await router.replace({ all_subgraphs: { subscriptions: { protocol: "sse" } } });
  const after = receive(router.client(), ARRIVALS, { port: "Bergen" });
  await open(2);
  expect([publisher.params.length, publisher.connections]).toEqual([1, 2]);
  publisher.publish("arrivals", { berth: 1, ship: { id: "1" } });
  await eventually(() => expect([before.values, after.values]).toEqual([[arrival(1)], [arrival(1)]]));
  before.stop();
  after.stop();
  await open(0);
});

test("every subscription at the subgraphs ends with the router", async () => {
  const { publisher, router, open } = await harbour();
  receive(router.client(), ARRIVALS, { port: "Bergen" });
  receive(router.client(), ARRIVALS, { port: "Oslo" });
  await open(2);
  await router.stop();
  await open(0);
  await eventually(() => expect(publisher.connections).toBe(0));
});

test("a subgraph that has nothing to say is pinged, and stays connected while it answers", async () => {
  const { publisher, router, open } = await harbour({ heartbeat_ms: 50 });
  const received = receive(router.client(), ARRIVALS, { port: "Bergen" });
  await open(1);
  await eventually(() => expect(publisher.pings).toBeGreaterThan(4));
  publisher.publish("arrivals", { berth: 1, ship: { id: "1" } });
  await eventually(() => expect(received.values).toEqual([arrival(1)]));
  expect(publisher.opened).toBe(1);
});
