import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import {
  createStreamClient,
  StreamClient,
  type ConnectionCallbacks,
  type Gap,
  type StreamOptions,
} from "./stream-client.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { SimulatedRouter } from "./testing/simulated-router.ts";

const OPERATION = { query: "subscription { numbers { id } }" };
/** Longer than any wait between two attempts. */
const LONG_MS = 60_000;

function simulated(callbacks: ConnectionCallbacks = {}) {
  const clock = new ManualClock();
  const router = new SimulatedRouter(clock);
  const client = new StreamClient({ transport: router.transport, clock, random: () => 0.5, ...callbacks });
  return { clock, router, client };
}

/** Everything that a subscription is told, in order: numbers of events, and words for the rest. */
function follow(client: StreamClient, options: StreamOptions = {}) {
  const told: (number | string)[] = [];
  const subscription = client.subscribe<{ id: number }>(OPERATION, {
    ...options,
    next: ({ data }) => void told.push(data!.id),
    onGap: (gap) => void told.push(`gap ${gap.count} ${gap.reason}`),
    onRecovered: ({ replayed }) => void told.push(`recovered ${replayed}`),
    error: (error) => void told.push(`error ${error.code ?? error.closeCode}`),
    complete: () => void told.push("complete"),
  });
  return { told, subscription };
}

const publish = ({ clock, router }: { clock: ManualClock; router: SimulatedRouter }, count: number) => {
  for (let i = 0; i < count; i++) {
    router.publish();
    clock.advance(10);
  }
};

describe("when the router tells of its newest event", () => {
  test("one that has it stays where it is", () => {
    const world = simulated();
    const { told } = follow(world.client);
    world.clock.advance(50);
    world.router.tellHeads();
    publish(world, 2);
    world.router.tellHeads();
    world.clock.advance(LONG_MS);
    expect(told).toEqual([1, 2]);
    expect(world.router.connectionsMade).toBe(1);
  });

  test("one that has not goes on before it on another connection", () => {
    const world = simulated();
    const { told } = follow(world.client);
    world.clock.advance(50);
    publish(world, 1);
    world.router.publishLost();
    world.clock.advance(LONG_MS);
    expect(told).toEqual([1]);
    world.router.tellHeads();
    world.clock.advance(LONG_MS);
    expect(told).toEqual([1, "recovered 1", 2]);
    world.router.tellHeads();
    world.clock.advance(LONG_MS);
    publish(world, 1);
    expect(told).toEqual([1, "recovered 1", 2, 3]);
    expect(world.router.connectionsMade).toBe(2);
    expect(world.clock.timerCount).toBe(0);
  });

  test("the event may come a little later", () => {
    const world = simulated();
    const { told } = follow(world.client);
    world.clock.advance(50);
    publish(world, 1);
    world.router.publish();
    world.router.tellHeads();
    world.clock.advance(LONG_MS);
    expect(told).toEqual([1, 2]);
    expect(world.router.connectionsMade).toBe(1);
  });

  test("nothing that comes after a missing event is taken before it", () => {
    const world = simulated();
    const { told } = follow(world.client);
    world.clock.advance(50);
    publish(world, 1);
    world.router.publishLost();
    world.router.tellHeads();
    world.clock.advance(10);
    publish(world, 1);
    expect(told).toEqual([1]);
    world.clock.advance(LONG_MS);
    expect(told).toEqual([1, "recovered 2", 2, 3]);
  });

  test("one that lost its first event is told that some may be missing", () => {
    const world = simulated();
    const { told } = follow(world.client);
    world.clock.advance(50);
    world.router.publishLost();
    world.router.tellHeads();
    world.clock.advance(LONG_MS);
    publish(world, 1);
    expect(told).toEqual(["gap null no_cursor", 2]);
  });
});

describe("after the connection was lost", () => {
  test("a subscription goes on where it was, with nothing missing and nothing twice", () => {
    const world = simulated();
    const { told } = follow(world.client);
    world.clock.advance(50);
    publish(world, 2);
    world.router.cut();
    publish(world, 3);
    world.clock.advance(LONG_MS);
    publish(world, 1);
    expect(told).toEqual([1, 2, "recovered 3", 3, 4, 5, 6]);
    expect(world.router.payloads.map(({ extensions }) => extensions)).toEqual([
      { stream: {} },
      { stream: { after: "c2" } },
    ]);
  });

  test("one that had no event yet is told that some may be missing", () => {
    const world = simulated();
    const { told } = follow(world.client);
    world.clock.advance(50);
    world.router.cut();
    publish(world, 1);
    world.clock.advance(LONG_MS);
    publish(world, 1);
    expect(told).toEqual(["gap null no_cursor", 2]);
  });

  test("a router that can't resume gets a plain subscription, and the reconnect is a gap", () => {
    const world = simulated();
    world.router.resumes = false;
    const { told, subscription } = follow(world.client);
    world.clock.advance(50);
    publish(world, 1);
    expect(subscription.cursor).toBeNull();
    world.router.cut();
    publish(world, 1);
    world.clock.advance(LONG_MS);
    publish(world, 1);
    expect(told).toEqual([1, "gap null no_cursor", 3]);
    expect(world.router.payloads).toEqual([OPERATION, OPERATION]);
  });

  test("a cursor is not used again once events came without one", () => {
    const world = simulated();
    const { told } = follow(world.client);
    world.clock.advance(50);
    publish(world, 1);
    world.router.resumes = false;
    world.router.cut();
    world.clock.advance(LONG_MS);
    publish(world, 1);
    world.router.resumes = true;
    world.router.cut();
    world.clock.advance(LONG_MS);
    publish(world, 1);
    expect(told).toEqual([1, "gap null no_cursor", 2, "gap null no_cursor", 3]);
  });

  test("what the application asks in extensions is kept", () => {
    const { client, clock, router } = simulated();
    client.subscribe({ ...OPERATION, extensions: { persistedQuery: { version: 1 } } }, { next: () => {} });
    clock.advance(50);
    expect(router.payloads[0]!.extensions).toEqual({ persistedQuery: { version: 1 }, stream: {} });
  });
});

describe("a stream that can't go on", () => {
  const cutFor = (options: StreamOptions) => {
    const world = simulated();
    const { told, subscription } = follow(world.client, options);
    world.clock.advance(50);
    publish(world, 1);
    world.router.cut();
    publish(world, 2);
    world.router.trim();
    world.clock.advance(LONG_MS);
    publish(world, 1);
    return { told, subscription };
  };

  test("begins anew after a gap of unknown size", () => {
    const { told, subscription } = cutFor({});
    expect(told).toEqual([1, "gap null too_far", 4]);
    expect(subscription.cursor).toBe("c4");
  });

  test("ends with the reason, where that is wanted", () => {
    expect(cutFor({ whenNotRecovered: "end" }).told).toEqual([1, "error STREAM_NOT_RECOVERED"]);
  });
});

describe("a cursor that was kept", () => {
  test("is where a subscription begins", () => {
    const world = simulated();
    publish(world, 3);
    const { told, subscription } = follow(world.client, { cursor: "c1" });
    expect(subscription.cursor).toBe("c1");
    world.clock.advance(50);
    expect(told).toEqual(["recovered 2", 2, 3]);
    expect(subscription.cursor).toBe("c3");
  });

  test("of no use is told as a gap", () => {
    const world = simulated();
    world.router.refusals = ["STREAM_CURSOR_INVALID"];
    const { told, subscription } = follow(world.client, { cursor: "nonsense" });
    world.clock.advance(50);
    publish(world, 1);
    expect(told).toEqual(["gap null invalid", 1]);
    expect(subscription.cursor).toBe("c1");
  });

  test("is a gap at a router that can't resume", () => {
    const world = simulated();
    world.router.resumes = false;
    const { told } = follow(world.client, { cursor: "c1" });
    world.clock.advance(50);
    expect(told).toEqual(["gap null no_cursor"]);
  });

  test("is there when the event's callback is called", () => {
    const world = simulated();
    const cursors: (string | null)[] = [];
    const subscription = world.client.subscribe(OPERATION, { next: () => void cursors.push(subscription.cursor) });
    world.clock.advance(50);
    publish(world, 2);
    expect(cursors).toEqual(["c1", "c2"]);
  });
});

describe("close codes", () => {
  const closedWith = (code: number, aliveMs = LONG_MS) => {
    const world = simulated();
    const { told } = follow(world.client);
    world.clock.advance(aliveMs);
    world.router.cut(code);
    world.clock.advance(LONG_MS);
    return { ...world, told };
  };

  test.each([1000, 1001, 1006, 1012, 1013, 4408, 4500])("%d is tried again", (code) => {
    const { told, router } = closedWith(code);
    expect(told).toEqual(["gap null no_cursor"]);
    expect(router.openSubscriptions).toBe(1);
  });

  test.each([4400, 4401, 4406, 4409, 4429])("%d ends with the error", (code) => {
    const { told, router, clock } = closedWith(code);
    expect(told).toEqual([`error ${code}`]);
    expect(router.connectionsMade).toBe(1);
    expect(clock.timerCount).toBe(0);
  });

  test("4403 before the connection was accepted ends with the error", () => {
    const { told, router } = closedWith(4403, 0);
    expect(told).toEqual(["error 4403"]);
    expect(router.connectionsMade).toBe(1);
  });

  test("4403 of a connection that had been accepted asks for a new credential, once", () => {
    const { told, router, clock } = closedWith(4403);
    expect(told).toEqual(["gap null no_cursor"]);
    router.cut(4403); // LONG_MS later: that credential has lived
    clock.advance(1_000);
    router.cut(4403); // this one has not
    clock.advance(LONG_MS);
    expect(told.at(-1)).toBe("error 4403");
    expect(router.connectionsMade).toBe(3);
  });

  test("4403 is tried again for as long as the application says so", () => {
    let credentials = 2;
    const world = simulated({ onForbidden: () => credentials-- > 0 });
    const { told } = follow(world.client);
    for (let i = 0; i < 3; i++) {
      world.router.cut(4403);
      world.client.reconnect();
    }
    world.clock.advance(LONG_MS);
    expect([told, world.router.connectionsMade]).toEqual([["error 4403"], 3]);
  });

  test("who is asked after 4403 may stop, and no connection is made for nobody", () => {
    const stop = { all: () => {} };
    const world = simulated({ onForbidden: () => (stop.all(), true) });
    const first = follow(world.client);
    stop.all = first.subscription.stop;
    world.router.cut(4403);
    world.clock.advance(10);
    expect(world.clock.timerCount).toBe(0);
    const { subscription } = follow(world.client);
    world.clock.advance(LONG_MS);
    expect([world.router.connectionsMade, world.router.openConnections]).toEqual([2, 1]);
    subscription.stop();
    expect(world.router.openConnections).toBe(0);
  });

  test("who is asked after 4403 may stop and subscribe, or reconnect, and that connection is kept", () => {
    for (const answer of [
      (client: StreamClient) => client.reconnect(),
      (client: StreamClient, { subscription }: ReturnType<typeof follow>) => {
        subscription.stop();
        follow(client);
      },
    ]) {
      const world = simulated({ onForbidden: () => (answer(world.client, first), true) });
      const first = follow(world.client);
      world.router.cut(4403);
      world.clock.advance(LONG_MS);
      expect([world.router.connectionsMade, world.router.openSubscriptions]).toEqual([2, 1]);
    }
  });

  test("one who subscribes again after the end gets a connection again", () => {
    const { client, router, clock } = closedWith(4400);
    const { told } = follow(client);
    clock.advance(50);
    publish({ clock, router }, 1);
    expect(told).toEqual([1]);
  });
});

describe("errors of a subscription", () => {
  test("end it, and it alone", () => {
    const world = simulated();
    world.router.refusals = ["FORBIDDEN"];
    const refused = follow(world.client);
    const other = follow(world.client);
    world.clock.advance(50);
    publish(world, 1);
    expect([refused.told, other.told]).toEqual([["error FORBIDDEN"], [1]]);
  });

  const refusals = (count: number) => Array.from({ length: count }, () => "RATE_LIMITED");

  test("that may pass are tried again, as often after each event", () => {
    const world = simulated();
    world.router.refusals = [...refusals(5), "SERVICE_UNAVAILABLE"];
    const { told } = follow(world.client);
    world.clock.advance(10 * LONG_MS);
    publish(world, 1);
    world.router.refusals = refusals(6);
    world.router.cut();
    publish(world, 1);
    world.clock.advance(10 * LONG_MS);
    expect(told).toEqual([1, "recovered 1", 2]);
  });

  test("that say how long to wait are tried again after that", () => {
    const world = simulated();
    world.router.refusals = refusals(1);
    world.router.retryAfterSeconds = 30;
    follow(world.client);
    world.clock.advance(30_000);
    expect(world.router.payloads.length).toBe(1);
    world.clock.advance(1_000);
    expect(world.router.payloads.length).toBe(2);
  });

  test("that do not pass end it at last", () => {
    const world = simulated();
    world.router.refusals = refusals(100);
    const { told } = follow(world.client);
    world.clock.advance(10 * LONG_MS);
    expect(told).toEqual(["error RATE_LIMITED"]);
  });

  test("are not waited out once there is another connection", () => {
    const world = simulated();
    world.router.refusals = refusals(1);
    const { told } = follow(world.client);
    world.clock.advance(20);
    world.client.reconnect();
    world.clock.advance(LONG_MS);
    publish(world, 1);
    expect(told).toEqual([1]);
    expect([world.router.payloads.length, world.router.openSubscriptions]).toEqual([2, 1]);
  });

  test("are not waited out by one that was stopped, nor without a connection", () => {
    const world = simulated();
    world.router.refusals = refusals(2);
    const stopped = follow(world.client);
    const { told } = follow(world.client);
    world.clock.advance(20);
    stopped.subscription.stop();
    world.router.accepts = false;
    world.router.cut();
    world.clock.advance(LONG_MS);
    world.router.accepts = true;
    world.clock.advance(LONG_MS);
    publish(world, 1);
    expect([told, stopped.told]).toEqual([[1], []]);
    expect(world.clock.timerCount).toBe(0);
  });
});

describe("the connection", () => {
  test("waits longer after each failure, at random, and at most so long", () => {
    const { clock, router, client } = simulated();
    router.accepts = false;
    follow(client);
    const triedAt: number[] = [];
    for (let made = 0; clock.now() < 4 * LONG_MS; clock.advance(1)) {
      if (router.connectionsMade > made) triedAt.push(clock.now());
      made = router.connectionsMade;
    }
    const waits = triedAt.slice(1).map((at, i) => at - triedAt[i]! - 5); // less what it takes to fail
    expect(waits.slice(0, 8)).toEqual([250, 500, 1_000, 2_000, 4_000, 7_500, 7_500, 7_500]);
  });

  test("waits little again once it has held for a while, or is needed anew", () => {
    const { clock, router, client } = simulated();
    const isBackWithin = (milliseconds: number) => {
      const made = router.connectionsMade;
      clock.advance(milliseconds);
      return router.connectionsMade > made;
    };
    router.accepts = false;
    const first = follow(client);
    clock.advance(LONG_MS);
    router.accepts = true;
    clock.advance(LONG_MS);
    router.cut();
    expect(isBackWithin(251)).toBe(true);
    clock.advance(1_000);
    router.cut(); // it has not held for long
    expect(isBackWithin(251)).toBe(false);
    first.subscription.stop();
    follow(client);
    router.cut();
    expect(isBackWithin(251)).toBe(true);
  });

  test("that does not answer is given up", () => {
    const { clock, router } = simulated();
    const silent = new StreamClient({
      transport: () => {
        router.connectionsMade += 1;
        return { subscribe: () => () => {}, close: () => {} };
      },
      clock,
      random: () => 0.5,
    });
    follow(silent);
    clock.advance(LONG_MS);
    expect(router.connectionsMade).toBeGreaterThan(3);
  });

  test("is told to be stale when it is away for a while, and live when it is back", () => {
    const told: string[] = [];
    const { clock, router, client } = simulated({
      staleAfterMs: 1_000,
      onStale: () => told.push("stale"),
      onLive: () => told.push("live"),
    });
    follow(client);
    clock.advance(50);
    router.cut(); // a blip
    clock.advance(5_000);
    expect(told).toEqual(["live", "live"]);
    router.accepts = false;
    router.cut();
    clock.advance(LONG_MS);
    expect(told).toEqual(["live", "live", "stale"]);
    router.accepts = true;
    clock.advance(LONG_MS);
    expect(told).toEqual(["live", "live", "stale", "live"]);
  });

  test("is there for as long as somebody subscribes", () => {
    const { clock, router, client } = simulated();
    expect(router.connectionsMade).toBe(0);
    const [one, two] = [follow(client), follow(client)];
    clock.advance(50);
    expect([router.openConnections, router.openSubscriptions]).toEqual([1, 2]);
    one.subscription.stop();
    two.subscription.stop();
    expect([router.openConnections, clock.timerCount]).toEqual([0, 0]);
    expect([...one.told, ...two.told]).toEqual([]);
  });

  test("is made anew for another user, and the streams go on", () => {
    const world = simulated();
    const { told } = follow(world.client);
    world.clock.advance(50);
    publish(world, 1);
    world.client.reconnect();
    publish(world, 1);
    world.clock.advance(50);
    expect(told).toEqual([1, "recovered 1", 2]);
    expect([world.router.connectionsMade, world.router.openConnections]).toEqual([2, 1]);
  });

  test("ends with the client", () => {
    const world = simulated();
    const { told } = follow(world.client);
    world.clock.advance(50);
    world.client.dispose();
    expect([told, world.router.openConnections, world.clock.timerCount]).toEqual([["complete"], 0, 0]);
  });
});

test("nothing is told after a subscription was stopped, by its own callback neither", () => {
  const world = simulated();
  const { told, subscription } = follow(world.client);
  world.clock.advance(50);
  world.router.publish(); // on its way
  const other = follow(world.client);
  subscription.stop();
  world.clock.advance(50);
  other.subscription.stop();
  world.router.resumes = false;
  follow(world.client);
  const atGap = world.client.subscribe(OPERATION, {
    next: () => {},
    cursor: "c1",
    onGap: () => atGap.stop(),
  });
  world.clock.advance(50);
  expect(told).toEqual([]);
  expect([world.router.payloads.length, world.router.openSubscriptions]).toEqual([3, 1]);
});

test("no callback is called before subscribing has returned", async () => {
  const world = simulated();
  world.router.resumes = false;
  follow(world.client);
  world.clock.advance(50);
  const gaps: (string | null)[] = [];
  const subscription = world.client.subscribe(OPERATION, {
    cursor: "c1",
    next: () => {},
    onGap: () => void gaps.push(subscription.cursor),
  });
  expect(gaps).toEqual([]);
  await Promise.resolve();
  expect(gaps).toEqual([null]);
});

test("callbacks may subscribe, stop and reconnect, and one that throws costs the others nothing", () => {
  const thrown: unknown[] = [];
  vi.stubGlobal("queueMicrotask", (action: () => void) => {
    try {
      action();
    } catch (error) {
      thrown.push(error);
    }
  });
  const world = simulated({ onLive: () => void (world.router.connectionsMade === 1 && world.client.reconnect()) });
  const late: { told?: unknown[] } = {};
  const stopping = world.client.subscribe(OPERATION, {
    next() {
      late.told ??= follow(world.client).told;
      stopping.stop();
      throw new Error("mine");
    },
  });
  const { told } = follow(world.client);
  world.clock.advance(50);
  publish(world, 3);
  vi.unstubAllGlobals();
  expect(told).toEqual([1, 2, 3]);
  expect(late.told).toEqual([2, 3]);
  expect(thrown).toEqual([new Error("mine")]);
  expect(world.router.openSubscriptions).toBe(2);
});

test("one who subscribes when the connection is made is subscribed once", () => {
  const world = simulated({ onLive: () => void follow(world.client) });
  follow(world.client);
  world.clock.advance(50);
  expect([world.router.payloads.length, world.router.openSubscriptions]).toEqual([2, 2]);
});

test("a URL that is none, or an environment without sockets, is refused at once", () => {
  expect(() => createStreamClient({ url: "ftp://example.com" })).toThrow("must begin with ws:");
  expect(() => createStreamClient({ url: "nonsense" })).toThrow();
  vi.stubGlobal("WebSocket", undefined);
  expect(() => createStreamClient({ url: "ws://example.com" })).toThrow("webSocketImpl");
  vi.unstubAllGlobals();
});

describe("a loop over results", () => {
  const turn = async (world: { clock: ManualClock }) => {
    world.clock.advance(50);
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };

  test("gets them in order, with what lies between, and stops with the loop", async () => {
    const world = simulated();
    const told: unknown[] = [];
    const results = world.client.iterate<{ id: number }>(OPERATION, {
      onGap: ({ reason }) => void told.push(reason),
      onRecovered: ({ replayed }) => void told.push(`recovered ${replayed}`),
    });
    const loop = (async () => {
      for await (const { data } of results) {
        told.push(data!.id, results.cursor);
        if (data!.id === 4) break;
      }
    })();
    await turn(world);
    publish(world, 2);
    world.router.cut();
    publish(world, 2);
    world.clock.advance(LONG_MS);
    await loop;
    expect(told).toEqual([1, "c1", 2, "c2", "recovered 2", 3, "c3", 4, "c4"]);
    expect(world.router.openConnections).toBe(0);
  });

  test("that is slow holds few, and misses nothing", async () => {
    const world = simulated();
    const results = world.client.iterate<{ id: number }>(OPERATION, { waitingMax: 3 });
    await turn(world);
    publish(world, 10);
    expect(world.router.openSubscriptions).toBe(0);
    const got: number[] = [];
    for (let i = 0; i < 10; i++) {
      const next = results.next();
      await turn(world);
      got.push((await next).value!.data!.id);
    }
    expect(got).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test("ends its subscription when it throws into the results", async () => {
    const world = simulated();
    const results = world.client.iterate(OPERATION);
    const first = results.next();
    await turn(world);
    publish(world, 1);
    await first;
    await expect(results.throw(new Error("mine"))).rejects.toThrow("mine");
    expect(world.router.openConnections).toBe(0);
  });

  test("can be left while it waits, and throws what ends the subscription", async () => {
    const world = simulated();
    const left = world.client.iterate(OPERATION);
    const waiting = left.next();
    await left.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    world.router.refusals = ["FORBIDDEN"];
    const refused = world.client.iterate(OPERATION).next();
    const failed = expect(refused).rejects.toMatchObject({ code: "FORBIDDEN" });
    await turn(world);
    await failed;
    expect(world.router.openConnections).toBe(0);
  });
});

describe("whatever is cut, and when", () => {
  type Kind = "publish" | "cut" | "down" | "up" | "trim" | "plain" | "resuming" | "renew";
  type Step = { kind: Kind } | { wait: number };
  const steps = (kinds: readonly Kind[]): fc.Arbitrary<Step[]> =>
    fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.constant<Step>({ kind: "publish" }) },
        { weight: 3, arbitrary: fc.constantFrom(...kinds).map((kind): Step => ({ kind })) },
        { weight: 3, arbitrary: fc.constantFrom(1, 4, 6, 11, 300, 20_000).map((wait): Step => ({ wait })) },
      ),
      { maxLength: 60 },
    );

  /** Runs the steps on a fresh subscription, then heals everything and publishes once more. */
  function run(all: readonly Step[]): { seen: { id: number; gap: Gap | null }[]; headId: number } {
    const world = simulated();
    const { clock, router, client } = world;
    const seen: { id: number; gap: Gap | null }[] = [];
    let gap: Gap | null = null;
    let headId = 0;
    client.subscribe<{ id: number }>(OPERATION, {
      next({ data }) {
        seen.push({ id: data!.id, gap });
        gap = null;
      },
      onGap: (told) => void (gap = told),
    });
    const publishOne = () => {
      router.publish();
      headId += 1;
    };
    clock.advance(50);
    publishOne();
    clock.advance(50);
    for (const step of all) {
      if ("wait" in step) clock.advance(step.wait);
      else if (step.kind === "publish") publishOne();
      else if (step.kind === "cut") router.cut();
      else if (step.kind === "trim") router.trim();
      else if (step.kind === "renew") client.reconnect();
      else if (step.kind === "plain" || step.kind === "resuming") {
        // A router is one or the other for as long as it runs.
        router.cut(1012);
        router.resumes = step.kind === "resuming";
      } else {
        router.accepts = step.kind === "up";
        if (!router.accepts) router.cut(1012);
      }
    }
    router.accepts = true;
    clock.advance(LONG_MS);
    publishOne();
    clock.advance(50);
    return { seen, headId };
  }

  test("every event of a stream that resumes is seen once and in order, without a gap", () => {
    fc.assert(
      fc.property(steps(["cut", "down", "up", "renew"]), (all) => {
        const { seen, headId } = run(all);
        expect(seen).toEqual(Array.from({ length: headId }, (_, i) => ({ id: i + 1, gap: null })));
      }),
      { numRuns: 500 },
    );
  });

  test("events that can't be had again are never missing in silence, and none comes twice", () => {
    fc.assert(
      fc.property(steps(["cut", "down", "up", "trim", "plain", "resuming", "renew"]), (all) => {
        const { seen, headId } = run(all);
        for (const [i, { id, gap }] of seen.entries()) {
          const before = seen[i - 1]?.id ?? 0;
          expect(id).toBeGreaterThan(before);
          if (id > before + 1) expect(gap).not.toBeNull();
        }
        expect(seen.at(-1)!.id).toBe(headId);
      }),
      { numRuns: 500 },
    );
  });
});
