import { createLogger } from "@mib/service/log";
import { eventually } from "@mib/testkit/eventually";
import { describe, expect, test } from "vitest";
import { startVenueServer, type VenueServer } from "./testing/venue-server.ts";
import { VenueMessageError } from "./message-fields.ts";
import { VenueConnection, type VenueConnectionOptions } from "./venue-connection.ts";
import { ResyncNeeded, type VenueLine } from "./venue.ts";

interface Running extends AsyncDisposable {
  venue: VenueServer;
  connection: VenueConnection;
  read: string[];
  disconnects: number;
  bad: number;
}

async function running(line: Partial<VenueLine> = {}, options: Partial<VenueConnectionOptions> = {}): Promise<Running> {
  const venue = await startVenueServer({ onMessage: () => {}, rest: () => null });
  const stop = new AbortController();
  const state = { read: [] as string[], disconnects: 0, bad: 0 };
  const connection = new VenueConnection(
    {
      name: "test",
      url: venue.websocketUrl,
      greetings: ["{}"],
      sendsPerSecondMax: 1_000,
      silenceMsMax: 60_000,
      proofOfLife: "MESSAGE",
      lifetimeMsMax: 3_600_000,
      message: (text) => void state.read.push(text),
      disconnected: () => (state.disconnects += 1),
      ...line,
    },
    {
      log: createLogger("test"),
      signal: stop.signal,
      backoff: { leastMs: 10, mostMs: 50, stableMs: 60_000 },
      room: () => null,
      onBadMessage: () => (state.bad += 1),
      onConnected: () => {},
      ...options,
    },
  );
  const run = connection.run();
  await eventually(() => expect(connection.status.state).toBe("CONNECTED"));
  return Object.assign(state, {
    venue,
    connection,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await run;
      await venue.stop();
    },
  });
}

describe("a connection begins anew", () => {
  test.each([
    [
      "when the venue closes it",
      {},
      (venue: VenueServer) => venue.clients[0]!.close(1_001, "going away"),
      /1001 going/,
    ],
    ["when the line breaks", {}, (venue: VenueServer) => venue.clients[0]!.cut(), /closed by the venue: 1006/],
    ["when the venue is silent", { silenceMsMax: 60 }, () => {}, /silent for 60 ms/],
    ["when it is old", { lifetimeMsMax: 60 }, () => {}, /as old as/],
    [
      "when its messages ask for it",
      {
        message: () => {
          throw new ResyncNeeded("a wrong number");
        },
      },
      (venue: VenueServer) => venue.clients[0]!.send("x"),
      /a wrong number/,
    ],
  ])("%s, and says its subscriptions again", async (_, line, cause, reason) => {
    await using state = await running(line);
    await eventually(() => expect(state.venue.clients[0]!.said).toEqual([{}]));
    cause(state.venue);
    await eventually(() => expect(state.venue.clients[1]?.said).toEqual([{}]));
    expect(state.disconnects).toBeGreaterThanOrEqual(1);
    expect(state.connection.status.lastEnd).toMatch(reason);
  });
});

test("answers to pings keep a line alive where they are proof of life", async () => {
  await using state = await running({ silenceMsMax: 90, proofOfLife: "PONG" });
  const openedAt = performance.now();
  await eventually(() => expect(performance.now() - openedAt).toBeGreaterThan(600));
  expect(state.venue.clients).toHaveLength(1);
});

test("messages that can't be read are counted, and the others go on", async () => {
  const read: string[] = [];
  await using state = await running({
    message: (text) => {
      if (text === "bad") throw new VenueMessageError("not JSON");
      read.push(text);
    },
  });
  state.venue.clients[0]!.send("a", "bad", "b");
  await eventually(() => expect(read).toEqual(["a", "b"]));
  expect(state.bad).toBe(1);
});

test("no more is said in a second than the venue allows", async () => {
  await using state = await running({ greetings: Array.from({ length: 6 }, () => "{}"), sendsPerSecondMax: 20 });
  const startedAt = performance.now();
  await eventually(() => expect(state.venue.clients[0]!.said).toHaveLength(6));
  // Five waits of 50 ms after the first; the first may be past when the clock starts.
  expect(performance.now() - startedAt).toBeGreaterThan(150);
});

test("nothing is read while the engine takes nothing, and nothing is lost by it", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let full = true;
  await using state = await running({}, { room: () => (full ? promise : null) });
  // More than the sockets' buffers hold, so that the venue sees it.
  const long = "x".repeat(1_000_000);
  const sent = 40;
  for (let at = 0; at < sent; at++) state.venue.clients[0]!.send(long);
  await eventually(() => expect(state.read.length).toBeGreaterThan(0));
  await expect(eventually(() => expect(state.read).toHaveLength(sent), { deadlineMs: 250 })).rejects.toThrow();
  full = false;
  resolve();
  await eventually(() => expect(state.read).toHaveLength(sent));
});
