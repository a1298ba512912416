import { ConsumerState } from "@mib/events/consumer-state";
import type { StreamEvent } from "@mib/events/event";
import type { KafkaClient } from "@mib/events/kafka";
import { rangesOf, scanTopic, type OffsetRange } from "@mib/events/scan-topic";
import type { Logger } from "@mib/service/log";
import type { Queryable } from "@mib/subgraph-server/database";
import { INTERVAL_MS } from "../domain/interval-length.ts";
import { MarketMemory, type BarInterval } from "../domain/market-memory.ts";
import { LatestBars } from "./latest-bars.ts";
import { pruneBars, writeBars } from "./postgres-bar-history.ts";
import { BARS_CONSUMER, BARS_TOPIC, readBar } from "./read-bar.ts";
import { replayRanges } from "./replay-ranges.ts";
import { addOlderBarsOfWindows, addStoredBars } from "./stored-windows.ts";
import { writeWindows } from "./window-store.ts";

/** Bars that are held before they are written aside. */
const UNWRITTEN_MAX = 20_000;
const WINDOWS_PER_STATEMENT = 200;

export interface Rebuilt {
  records: number;
  bars: number;
  seenTwice: number;
  invalid: number;
  /** Rows of `bars` that were missing or other than Kafka has them. */
  barsMended: number;
  windows: number;
  /** Bars that are older than all that Kafka and `bars` have: only the windows had them. */
  barsOfOldWindows: number;
  /** Windows that could not be read, as `SYMBOL/INTERVAL`. */
  unreadableWindows: string[];
  /** Partitions that had no position. */
  withoutPosition: number[];
}

interface Partition {
  range: OffsetRange;
  /** Of this partition alone: in one for all of them a new epoch in the first would end the older one in those that are read after it. */
  state: ConsumerState;
  last: StreamEvent | null;
  hadPosition: boolean;
}

/**
 * Makes windows, bars and positions anew: from Kafka what it has of what was read, from PostgreSQL what is beyond. They take
 * the place of the old ones in one transaction. `client` holds the lock of a rebuild. Holds the windows in memory, as the process does.
 */
export async function rebuildBars({
  client,
  kafka,
  log,
  unwrittenMax = UNWRITTEN_MAX,
}: {
  client: Queryable;
  kafka: KafkaClient;
  log: Logger;
  unwrittenMax?: number;
}): Promise<Rebuilt> {
  const nextOffsets = await keptOffsets(client);
  const ranges = replayRanges(BARS_TOPIC, await rangesOf(kafka, BARS_TOPIC), nextOffsets);
  const partitions = new Map(
    [...ranges].map(([partition, range]): [number, Partition] => [
      partition,
      { range, state: new ConsumerState(BARS_CONSUMER), last: null, hadPosition: nextOffsets.has(partition) },
    ]),
  );
  const memory = new MarketMemory();
  await client.query(
    "CREATE TEMP TABLE rebuilt_bars (LIKE bars INCLUDING CONSTRAINTS, PRIMARY KEY (interval, symbol, opened_at))",
  );
  const replayed = await replay({ client, kafka, log, ranges, partitions, memory, unwrittenMax });
  // Kafka's first: of two bars of one time and revision the one that is there stays.
  await addStoredBars(client, memory);
  const fromWindows = await addOlderBarsOfWindows(client, memory);
  const withoutPosition = [...ranges.keys()].filter((partition) => !nextOffsets.has(partition));
  const swapped = await swap(client, memory, partitions);
  return { ...replayed, ...swapped, ...fromWindows, withoutPosition };
}

async function keptOffsets(client: Queryable): Promise<Map<number, bigint>> {
  const { rows } = await client.query<{ partition: number; next_offset: string }>(
    "SELECT partition, next_offset FROM consumer_positions WHERE consumer = $1 AND topic = $2",
    [BARS_CONSUMER, BARS_TOPIC],
  );
  return new Map(rows.map(({ partition, next_offset }) => [partition, BigInt(next_offset)]));
}

/** Takes what Kafka has into the memory and into `rebuilt_bars`. */
async function replay({
  client,
  kafka,
  log,
  ranges,
  partitions,
  memory,
  unwrittenMax,
}: {
  client: Queryable;
  kafka: KafkaClient;
  log: Logger;
  ranges: ReadonlyMap<number, OffsetRange>;
  partitions: ReadonlyMap<number, Partition>;
  memory: MarketMemory;
  unwrittenMax: number;
}): Promise<Pick<Rebuilt, "records" | "bars" | "seenTwice" | "invalid">> {
  const counts = { records: 0, bars: 0, seenTwice: 0, invalid: 0 };
  const unwritten = new LatestBars();
  let writing: Promise<void> | null = null;
  const write = async () => {
    const { bars, written } = unwritten.pending();
    await writeBars(client, bars, "rebuilt_bars");
    written();
  };
  await scanTopic({
    kafka,
    log,
    topic: BARS_TOPIC,
    ranges,
    take: (record, partition): void | Promise<void> => {
      const from = partitions.get(partition)!;
      const read = readBar({ topic: BARS_TOPIC, partition }, record, from.state);
      counts.records += 1;
      if (read === "INVALID") counts.invalid += 1;
      else if (read === "SEEN") counts.seenTwice += 1;
      else {
        const { event, symbol, interval, bar } = read;
        counts.bars += 1;
        from.last = event;
        memory.add(symbol, interval, bar);
        unwritten.keep(symbol, interval, bar);
      }
      // Partitions are read side by side: those that come meanwhile wait as well.
      if (unwritten.size > unwrittenMax) return (writing ??= write().finally(() => (writing = null)));
    },
  });
  await write();
  return counts;
}

/** All or nothing, and nobody reads or writes the half of it. */
async function swap(
  client: Queryable,
  memory: MarketMemory,
  partitions: ReadonlyMap<number, Partition>,
): Promise<Pick<Rebuilt, "barsMended" | "windows">> {
  await client.query("BEGIN");
  try {
    await client.query("LOCK TABLE windows, bars, consumer_positions IN EXCLUSIVE MODE");
    await pruneBars(client, Date.now(), ["bars", "rebuilt_bars"]);
    // A later revision than Kafka has any more came before what it has.
    const mended = await client.query(
      `INSERT INTO bars AS there (symbol, interval, opened_at, open, high, low, close, volume, revision)
       SELECT symbol, interval, opened_at, open, high, low, close, volume, revision FROM rebuilt_bars
       ON CONFLICT (interval, symbol, opened_at) DO UPDATE SET open = excluded.open, high = excluded.high, low = excluded.low,
         close = excluded.close, volume = excluded.volume, revision = excluded.revision
       WHERE there.revision <= excluded.revision AND (there.open, there.high, there.low, there.close, there.volume, there.revision)
         IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume, excluded.revision)`,
    );
    await client.query("DELETE FROM windows");
    const windows = await writeAllWindows(client, memory);
    for (const [partition, { range, state, last, hadPosition }] of partitions) {
      // Without a bar in what Kafka has, the position that was kept knows more.
      if (last === null && hadPosition) continue;
      state.advance({ topic: BARS_TOPIC, partition, nextOffset: range.to }, last);
      await state.save(client);
    }
    await client.query("COMMIT");
    return { barsMended: mended.rowCount ?? 0, windows };
  } catch (error) {
    // What failed is to be told; a connection that broke has rolled back by itself.
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

async function writeAllWindows(client: Queryable, memory: MarketMemory): Promise<number> {
  let count = 0;
  for (const interval of Object.keys(INTERVAL_MS) as BarInterval[]) {
    const all = [...memory.windows(interval)];
    for (let at = 0; at < all.length; at += WINDOWS_PER_STATEMENT) {
      const part = all.slice(at, at + WINDOWS_PER_STATEMENT);
      await writeWindows(
        client,
        part.map(([symbol, window]) => ({ symbol, interval, packed: window.pack() })),
      );
    }
    count += all.length;
  }
  return count;
}
