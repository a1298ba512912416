import { FeedSession } from "@mib/protocol/feed-session";
import type { DataSource } from "@mib/protocol/messages.generated";
import type { Shard } from "@mib/protocol/shard";
import { ShardedFeedSession } from "@mib/protocol/sharded-feed-session";
import { countedSink } from "./counted-sink.ts";
import type { FeedContext } from "./feed.ts";
import type { MarketSink } from "./market-sink.ts";

export interface EngineSession extends AsyncDisposable {
  sink: MarketSink;
  /** First sequence that the engine does not have; of several, that of the one that has most. */
  nextSequence: number;
  /** Whether records that are written now are new to the engine, or to one of several. */
  readonly fresh: boolean;
  /** Whether `room` would wait. */
  readonly full: boolean;
  /** Await it in the loop that writes: returns at once unless too much waits for the engine's disk. */
  room(): Promise<void>;
  /** Everything written is on the engine's disk. */
  flush(): Promise<void>;
}

const CLOSE_MS_MAX = 5_000;
const AT_ONCE = Promise.resolve();

/**
 * Opens a session with the engine, or with each of several, waiting for them as long as it takes; reports what they refuse and
 * whether they are there.
 */
export async function openEngineSession(
  context: FeedContext,
  { session: name, feed, source }: { session: string; feed: string; source: DataSource },
): Promise<EngineSession> {
  const { metrics, log, health, signal } = context;
  const session = sessionWith(context, {
    session: name,
    feed,
    source,
    onReject: ({ sequence, instrumentId, reason }, shard) => {
      metrics.refused.inc({ reason });
      log.debug({ ...said(shard), sequence, instrumentId, reason }, "the engine refused a record");
    },
    onTrouble: (error, shard) => log.warn({ ...said(shard), reason: error.message }, "no connection to the engine"),
    onConnected: (nextSequence, shard) =>
      log.info({ ...said(shard), session: name, nextSequence }, "connected to the engine"),
  });
  health.check("engine", () => healthOf(session));
  metrics.watch(session);
  const { nextSequence } = await session.start({ signal });
  return {
    sink: countedSink(session, metrics, context.traceEvery),
    nextSequence,
    get fresh() {
      return session.fresh;
    },
    get full() {
      return session.full;
    },
    room: () => (session.full ? untilAborted(session.room(), signal) : AT_ONCE),
    flush: () => untilAborted(session.flush(), signal),
    [Symbol.asyncDispose]: () => session.close({ timeoutMs: CLOSE_MS_MAX }),
  };
}

type Options = ConstructorParameters<typeof ShardedFeedSession>[0];

/** With several engines each record is given to the one that has its instrument. */
function sessionWith(
  { engineAddresses }: FeedContext,
  options: Omit<Options, "addresses">,
): FeedSession | ShardedFeedSession {
  const [address, another] = engineAddresses;
  if (address === undefined || another !== undefined)
    return new ShardedFeedSession({ ...options, addresses: engineAddresses });
  const shard = { index: 0, count: 1 };
  const { onReject, onTrouble, onConnected, ...rest } = options;
  return new FeedSession({
    ...rest,
    address,
    shard,
    onReject: (reject) => onReject?.(reject, shard),
    onTrouble: (error) => onTrouble?.(error, shard),
    onConnected: (nextSequence) => onConnected?.(nextSequence, shard),
  });
}

function said({ index, count }: Shard): { shard?: string } {
  return count === 1 ? {} : { shard: `${index}/${count}` };
}

/** How far it is; fails with the shards that it is not connected to. */
function healthOf(session: FeedSession | ShardedFeedSession): object {
  const { nextSequence, durableSequence } = session;
  if (session instanceof FeedSession) {
    if (!session.connected) throw new Error("not connected");
    return { sequence: nextSequence - 1, durableSequence };
  }
  const { sessions } = session;
  const away = [...sessions.keys()].filter((index) => !sessions[index]!.connected);
  if (away.length > 0)
    throw new Error(`not connected to ${away.map((index) => `shard ${index}/${sessions.length}`).join(", ")}`);
  return {
    sequence: nextSequence - 1,
    durableSequence,
    shards: sessions.map((each) => ({ sequence: each.nextSequence - 1, durableSequence: each.durableSequence })),
  };
}

/** Rejects with the signal's reason when it is aborted first. */
async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
    work.catch(() => {});
  }
}
