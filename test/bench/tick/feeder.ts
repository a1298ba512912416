/**
 * The benchmark's feed: the simulated market, each record stamped with the time at which it enters the session. Runs until
 * SIGTERM. Reads ENGINE_ADDRESS and RATE; writes `open` when the market is open, and at the end what it wrote.
 */
import { setTimeout as delay } from "node:timers/promises";
import { FeedSession } from "@mib/protocol/feed-session";
import { DataSource } from "@mib/protocol/messages.generated";
import { simulatedUniverse } from "../../../feeds/src/simulator/instruments.ts";
import { Simulation } from "../../../feeds/src/simulator/simulation.ts";
import type { MarketSink } from "../../../feeds/src/market-sink.ts";

const address = process.env.ENGINE_ADDRESS!;
const rate = Number(process.env.RATE);
const nowMicros = () => Math.floor((performance.timeOrigin + performance.now()) * 1_000);
const nowNanos = () => BigInt(nowMicros()) * 1_000n;

const session = new FeedSession({
  address,
  session: `bench:${process.pid}:${Date.now()}`,
  feed: "bench",
  source: DataSource.SIMULATED,
});
await session.start();
const sink: MarketSink = {
  defineInstrument: (instrument) => session.defineInstrument(instrument),
  trade: (trade) => session.trade({ ...trade, tsEventNanos: nowNanos() }),
  quote: (quote) => session.quote({ ...quote, tsEventNanos: nowNanos() }),
  bookSnapshot: (snapshot) => session.bookSnapshot({ ...snapshot, tsEventNanos: nowNanos() }),
  bookDelta: (delta) => session.bookDelta({ ...delta, tsEventNanos: nowNanos() }),
  bar: (bar) => session.bar(bar),
  clock: (at) => session.clock(at),
  gap: (gap) => session.gap(gap),
};
const simulation = new Simulation({ seed: "bench", startMicros: nowMicros(), rate, universe: simulatedUniverse() });
simulation.define(sink);
simulation.open(sink);
await session.flush();
process.stdout.write("open\n");

const stopping = new AbortController();
process.once("SIGTERM", () => stopping.abort());
const from = { micros: nowMicros(), sequence: session.nextSequence };
while (!stopping.signal.aborted) {
  simulation.advance(nowMicros(), sink);
  await session.room();
  await delay(1);
}
process.stdout.write(
  `${JSON.stringify({ records: session.nextSequence - from.sequence, seconds: (nowMicros() - from.micros) / 1e6 })}\n`,
);
await session.close();
process.exit(0);
