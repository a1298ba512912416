import { setInterval as ticks } from "node:timers/promises";
import { EngineClient } from "../../../packages/protocol/src/engine-client.ts";
import { FeedSession } from "../../../packages/protocol/src/feed-session.ts";
import { BarInterval, DataSource, InstrumentClass } from "../../../packages/protocol/src/messages.generated.ts";
import type { BenchOptions, BenchResult, BenchRow } from "../bench-result.ts";
import { percentile } from "../percentiles.ts";
import { startBenchEngine } from "./bench-engine.ts";
import { engineBench } from "./engine-bench.ts";

const SYMBOL = "READ";
const BARS = 10_000;
const RATE = 1_000_000;
const READ_EVERY_MS = 2;
const START = 1_723_118_400_000_000_000n;

/**
 * Queries from Node over a Unix socket: the last quote on an idle engine, one after the other; 10 000 bars; and the last quote
 * while a million records a second come in, one every 2 ms whether or not the one before has been answered, so that a stall
 * counts for every read that it delays.
 */
export async function measureReads({ quick }: BenchOptions): Promise<BenchResult> {
  const engine = await startBenchEngine({ ENGINE_BARS_MAX_S1: String(BARS) });
  const client = new EngineClient({ address: engine.address, timeoutMs: 60_000 });
  try {
    await fill(engine.address);
    const readQuote = async () => {
      const { value } = await client.quotes([SYMBOL]);
      if (value[0]?.bidPriceE9 !== 99n) throw new Error("the engine does not answer with the quote that it was given");
    };
    const readBars = async () => {
      const { value } = await client.bars({ symbol: SYMBOL, interval: BarInterval.S1 });
      if (value.length !== BARS) throw new Error(`${value.length} bars instead of ${BARS}`);
    };
    const warmUp = quick ? 200 : 2_000;
    await oneByOne(readQuote, warmUp);
    const idle = await oneByOne(readQuote, quick ? 500 : 10_000);
    await oneByOne(readBars, quick ? 3 : 20);
    const bars = await oneByOne(readBars, quick ? 10 : 100);
    const seconds = quick ? "2" : "10";
    const words = ["--parts", "paced", "--address", engine.address, "--rate", String(RATE), "--seconds", seconds];
    const load = engineBench(...words);
    const busy = await everyMs(READ_EVERY_MS, readQuote, load);
    const { rows } = await load;
    const visible = rows.find(({ id }) => id === `engine.latency-p50.visible.rate-${RATE}`)!;
    return {
      rows: [
        ...rowsOf("node-quote.idle", idle),
        ...rowsOf(`node-quote.rate-${RATE}`, busy),
        ...rowsOf("node-bars-10000", bars),
      ],
      notes: [`${busy.length} quotes read meanwhile, the median record visible after ${Math.round(visible.value)} µs`],
    };
  } finally {
    client.close();
    await engine.stop();
  }
}

async function fill(address: string): Promise<void> {
  const session = new FeedSession({ address, session: "reads", feed: "bench", source: DataSource.SIMULATED });
  await session.start();
  const instrumentId = session.defineInstrument({
    symbol: SYMBOL,
    name: SYMBOL,
    venue: "BENCH",
    venueSymbol: SYMBOL,
    class: InstrumentClass.CRYPTO,
    source: DataSource.SIMULATED,
  });
  session.quote({
    instrumentId,
    tsEventNanos: START,
    bidPriceE9: 99n,
    bidSizeE9: 1n,
    askPriceE9: 101n,
    askSizeE9: 1n,
  });
  for (let at = 0n; at < BigInt(BARS); at++) {
    session.bar({
      instrumentId,
      interval: BarInterval.S1,
      openedAtNanos: START + at * 1_000_000_000n,
      openE9: 1n,
      highE9: 2n,
      lowE9: 1n,
      closeE9: 2n,
      volumeE9: 10n,
      tradeCount: 1,
    });
    if (session.full) await session.room();
  }
  await session.close();
}

/** Times in µs. */
async function oneByOne(read: () => Promise<void>, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < count; at++) {
    const startedAt = performance.now();
    await read();
    times.push((performance.now() - startedAt) * 1_000);
  }
  return times;
}

/** Reads on until something else has ended; times in µs. */
async function everyMs(pauseMs: number, read: () => Promise<void>, until: Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  const reads: Promise<void>[] = [];
  const ended = new AbortController();
  const end = () => ended.abort();
  until.then(end, end);
  for await (const _ of ticks(pauseMs)) {
    if (ended.signal.aborted) break;
    const startedAt = performance.now();
    reads.push(read().then(() => void times.push((performance.now() - startedAt) * 1_000)));
  }
  await Promise.all(reads);
  return times;
}

function rowsOf(what: string, times: number[]): BenchRow[] {
  return [
    { id: `engine.latency-p50.${what}`, value: percentile(times, 0.5), unit: "µs" },
    { id: `engine.latency-p99.${what}`, value: percentile(times, 0.99), unit: "µs" },
  ];
}
