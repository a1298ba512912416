import type { ServerResponse } from "node:http";
import { eventually } from "@mib/testkit/eventually";
import { describe, expect, test } from "vitest";
import type { SubgraphEndpoint } from "../../router/src/operation/federation.ts";
import { federated, json, type Answer, type Federated } from "./federated.ts";

type Fault = (response: ServerResponse) => void;

const RETRIES = { retriesMax: 2, backoffMs: 1, backoffMsMax: 5, ratio: 0, retriesMin: 100 };
const BREAKER = { failureRatio: 0.5, requestsMin: 3, windowMs: 60_000, openMs: 60_000, probesMax: 1 };

const good: Fault = (response) => json(response, { data: { word: "yes" } });
const status =
  (code: number, headers: Record<string, string> = {}): Fault =>
  (response) =>
    response.writeHead(code, headers).end("no");
const reset: Fault = (response) => response.socket!.destroy();
const breakOff: Fault = (response) => {
  response.writeHead(200, { "content-length": "1000" }).write('{"data":');
  setImmediate(() => response.destroy());
};
const silent: Fault = () => {};

const codeOf = ({ errors }: Answer) => errors?.[0]?.extensions["code"];

describe.each(["lean", "undici"] as const)("with the client %s", (httpClient) => {
  /** A subgraph that does these things one after another, the last of them from then on. */
  function subgraphThat(faults: Fault[], endpoint: Partial<SubgraphEndpoint>): Promise<Federated> {
    let asked = 0;
    return federated(
      {
        one: {
          typeDefs: "type Query { word: String } type Mutation { word: String }",
          answer: (_, response) => faults[Math.min(asked++, faults.length - 1)]!(response),
        },
      },
      () => ({ httpClient, ...endpoint }),
    );
  }

  describe("a query that is slow is asked a second time", () => {
    const HEDGING = { delayMs: 30, ratio: 0, retriesMin: 1 };
    const countsOf = ({ federation }: Federated) => federation.subgraphStates[0]!.counts;

    test("and the first good answer counts, the other request ends", async () => {
      let isGivenUp = false;
      const slow: Fault = (response) => response.once("close", () => (isGivenUp = true));
      const subgraph = await subgraphThat([slow, good], { hedging: HEDGING });
      expect(await subgraph.ask("{ word }")).toEqual({ data: { word: "yes" } });
      await eventually(() => isGivenUp);
      expect(countsOf(subgraph)).toMatchObject({ requests: 1, failures: 0, hedges: 1, hedgesWon: 1 });
    });

    test.each<[string, Fault]>([
      ["503", status(503)],
      ["a reset", reset],
    ])("and when that brings %s the first one still counts", async (_, fault) => {
      const second = Promise.withResolvers<void>();
      const first: Fault = (response) => void second.promise.then(() => good(response));
      const failing: Fault = (response) => {
        fault(response);
        setImmediate(second.resolve);
      };
      const subgraph = await subgraphThat([first, failing], { hedging: HEDGING });
      expect(await subgraph.ask("{ word }")).toEqual({ data: { word: "yes" } });
      expect(countsOf(subgraph)).toMatchObject({ requests: 1, failures: 0, hedges: 1, hedgesWon: 0 });
    });

    test("within the budget and the time limit of the first", async () => {
      const subgraph = await subgraphThat([silent], { hedging: HEDGING, timeoutMs: 200 });
      expect(codeOf(await subgraph.ask("{ word }"))).toBe("SUBGRAPH_TIMEOUT");
      expect(codeOf(await subgraph.ask("{ word }"))).toBe("SUBGRAPH_TIMEOUT");
      expect(subgraph.requests).toHaveLength(3);
      expect(countsOf(subgraph)).toMatchObject({ requests: 2, failures: 2, hedges: 1, hedgesRefused: 1 });
    });

    test("when it takes longer than the percentile of the recent latencies", async () => {
      const recent = Array.from({ length: 64 }, () => good);
      const slow: Fault = () => {};
      const subgraph = await subgraphThat([...recent, slow, good], {
        hedging: { ...HEDGING, delayMs: 60_000, percentile: 99 },
      });
      for (let i = 0; i < recent.length; i++) await subgraph.ask("{ word }");
      expect(countsOf(subgraph).hedges).toBe(0);
      expect(await subgraph.ask("{ word }")).toEqual({ data: { word: "yes" } });
      expect(countsOf(subgraph)).toMatchObject({ requests: 65, failures: 0, hedges: 1, hedgesWon: 1 });
    });

    test("never a mutation, and nothing that failed at once", async () => {
      const failing = await subgraphThat([reset], { hedging: { ...HEDGING, delayMs: 60_000 } });
      expect(codeOf(await failing.ask("{ word }"))).toBe("SUBGRAPH_UNREACHABLE");
      const slow = await subgraphThat([silent], { hedging: HEDGING, timeoutMs: 200 });
      expect(codeOf(await slow.ask("mutation { word }"))).toBe("SUBGRAPH_TIMEOUT");
      expect([countsOf(failing).hedges, countsOf(slow).hedges]).toEqual([0, 0]);
    });
  });

  describe("a query is asked again", () => {
    test.each<[string, Fault]>([
      ["429", status(429)],
      ["502", status(502)],
      ["503", status(503)],
      ["504", status(504)],
      ["a reset", reset],
      ["an answer that breaks off", breakOff],
    ])("after %s", async (_, fault) => {
      const { ask, requests, federation } = await subgraphThat([fault, fault, good], { retries: RETRIES });
      expect(await ask("{ word }")).toEqual({ data: { word: "yes" } });
      expect(requests).toHaveLength(3);
      expect(federation.subgraphStates[0]!.counts).toMatchObject({ requests: 1, failures: 0, retries: 2 });
    });

    test("as long as Retry-After says, where the time limit allows it", async () => {
      const { ask, requests } = await subgraphThat([status(503, { "retry-after": "1" }), good], { retries: RETRIES });
      const startedAt = performance.now();
      expect(await ask("{ word }")).toEqual({ data: { word: "yes" } });
      expect(performance.now() - startedAt).toBeGreaterThan(950);
      expect(requests).toHaveLength(2);
    });
  });

  describe("it is asked once only", () => {
    test.each<[string, Fault, string, Partial<SubgraphEndpoint>]>([
      ["a mutation", status(503), "mutation { word }", { retries: RETRIES }],
      ["a mutation whose connection is reset", reset, "mutation { word }", { retries: RETRIES }],
      ["a query that fails with 500", status(500), "{ word }", { retries: RETRIES }],
      ["a query that fails with 400", status(400), "{ word }", { retries: RETRIES }],
      ["a query whose answer is no GraphQL", (response) => response.end("x"), "{ word }", { retries: RETRIES }],
      ["a query without a policy", status(503), "{ word }", {}],
      [
        "a query that would have to wait beyond its time limit",
        status(503, { "retry-after": "60" }),
        "{ word }",
        { retries: RETRIES, timeoutMs: 5_000 },
      ],
    ])("%s", async (_, fault, operation, endpoint) => {
      const { ask, requests } = await subgraphThat([fault, good], endpoint);
      expect(codeOf(await ask(operation))).toMatch(/^SUBGRAPH_/);
      expect(requests).toHaveLength(1);
    });
  });

  test("retries end when the budget is spent", async () => {
    const { ask, requests, federation } = await subgraphThat([status(503)], {
      retries: { ...RETRIES, retriesMin: 3 },
    });
    for (let i = 0; i < 5; i++) expect(codeOf(await ask("{ word }"))).toBe("SUBGRAPH_BAD_RESPONSE");
    expect(requests).toHaveLength(5 + 3);
    expect(federation.subgraphStates[0]!.counts).toMatchObject({ retries: 3, retriesRefused: 4 });
  });

  test("retries and their waits stay within the time limit", async () => {
    const { ask } = await subgraphThat([status(503)], {
      timeoutMs: 200,
      retries: { ...RETRIES, retriesMax: 1_000, backoffMs: 20, backoffMsMax: 20, retriesMin: 1_000 },
    });
    const startedAt = performance.now();
    expect(codeOf(await ask("{ word }"))).toMatch(/^SUBGRAPH_(TIMEOUT|BAD_RESPONSE)$/);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test("a caller that gives up during the wait gets an answer at once, and nothing is asked after it", async () => {
    const { federation, requests } = await subgraphThat([status(503, { "retry-after": "1" }), good], {
      retries: RETRIES,
    });
    const prepared = await federation.prepare({ query: "{ word }" });
    if ("errors" in prepared) throw new Error("not prepared");
    const caller = new AbortController();
    const pending = prepared.execute({ headersFor: () => ({}), signal: caller.signal }, {});
    await eventually(() => federation.subgraphStates[0]!.counts.retries === 1);
    caller.abort();
    expect(codeOf(JSON.parse(await pending))).toBe("TIMEOUT");
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // past the moment of the retry
    expect(requests).toHaveLength(1);
  });

  describe("the circuit opens", () => {
    test.each<[string, Fault]>([
      ["500s", status(500)],
      ["resets", reset],
      ["silence", silent],
      ["answers that break off", breakOff],
    ])("after %s, and then the subgraph is not asked", async (_, fault) => {
      const { ask, requests, federation } = await subgraphThat([fault], { breaker: BREAKER, timeoutMs: 100 });
      for (let i = 0; i < 3; i++) expect(codeOf(await ask("{ word }"))).not.toBe("SUBGRAPH_CIRCUIT_OPEN");
      const answer = await ask("{ word }");
      expect(answer).toMatchObject({
        data: { word: null },
        errors: [{ path: ["word"], extensions: { code: "SUBGRAPH_CIRCUIT_OPEN", service: "one" } }],
      });
      expect(requests).toHaveLength(3);
      expect(federation.subgraphStates[0]).toMatchObject({
        circuit: { state: "open", opened: 1 },
        counts: { circuitRefused: 1 },
      });
    });

    test("not after what is the client's fault, or a caller's patience", async () => {
      const { ask, federation } = await subgraphThat([status(400), status(429), status(404), status(400), silent], {
        breaker: BREAKER,
      });
      for (let i = 0; i < 4; i++) await ask("{ word }");
      const prepared = await federation.prepare({ query: "{ word }" });
      if ("errors" in prepared) throw new Error("not prepared");
      for (let i = 0; i < 4; i++) {
        const caller = new AbortController();
        const pending = prepared.execute({ headersFor: () => ({}), signal: caller.signal }, {});
        caller.abort();
        await pending;
      }
      expect(federation.subgraphStates[0]!.circuit).toEqual({ state: "closed", opened: 0 });
    });

    test("and closes when a probe is answered", async () => {
      const { ask, federation } = await subgraphThat([reset, reset, reset, good], {
        breaker: { ...BREAKER, openMs: 50 },
      });
      for (let i = 0; i < 3; i++) await ask("{ word }");
      await eventually(async () => expect(await ask("{ word }")).toEqual({ data: { word: "yes" } }));
      expect(federation.subgraphStates[0]!.circuit).toEqual({ state: "closed", opened: 1 });
    });
  });

  test("no more connections are opened than the pool may have", async () => {
    let open = 0;
    let openMax = 0;
    const { ask } = await subgraphThat(
      [
        (response) => {
          openMax = Math.max(openMax, (open += 1));
          setTimeout(() => {
            open -= 1;
            good(response);
          }, 5);
        },
      ],
      { connectionsMax: 2 },
    );
    await Promise.all(Array.from({ length: 8 }, () => ask("{ word }")));
    expect(openMax).toBe(2);
  });
});
