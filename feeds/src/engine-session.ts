import { FeedSession } from "@mib/protocol/feed-session";
import type { DataSource } from "@mib/protocol/messages.generated";
import { countedSink } from "./counted-sink.ts";
import type { FeedContext } from "./feed.ts";
import type { MarketSink } from "./market-sink.ts";

export interface EngineSession extends AsyncDisposable {
  sink: MarketSink;
  /** First sequence that the engine does not have. */
  nextSequence: number;
  /** Whether records that are written now are new to the engine. */
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

/** Opens a session with the engine, waiting for it as long as it takes; reports what it refuses and whether it is there. */
export async function openEngineSession(
  context: FeedContext,
  { session: name, feed, source }: { session: string; feed: string; source: DataSource },
): Promise<EngineSession> {
  const { engineAddress: address, metrics, log, health, signal } = context;
  const session = new FeedSession({
    address,
    session: name,
    feed,
    source,
    onReject: ({ sequence, instrumentId, reason }) => {
      metrics.refused.inc({ reason });
      log.debug({ sequence, instrumentId, reason }, "the engine refused a record");
    },
    onTrouble: (error) => log.warn({ reason: error.message }, "no connection to the engine"),
    onConnected: (nextSequence) => log.info({ session: name, nextSequence }, "connected to the engine"),
  });
  health.check("engine", () => {
    if (!session.connected) throw new Error("not connected");
    return { sequence: session.nextSequence - 1, durableSequence: session.durableSequence };
  });
  metrics.watch(session);
  const { nextSequence } = await session.start({ signal });
  return {
    sink: countedSink(session, metrics, context.traceEvery),
    nextSequence,
    get fresh() {
      return session.nextSequence >= nextSequence;
    },
    get full() {
      return session.full;
    },
    room: () => (session.full ? untilAborted(session.room(), signal) : AT_ONCE),
    flush: () => untilAborted(session.flush(), signal),
    [Symbol.asyncDispose]: () => session.close({ timeoutMs: CLOSE_MS_MAX }),
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
