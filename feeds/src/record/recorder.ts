import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@mib/service/log";
import type { MarketSink } from "../market-sink.ts";
import { captureHead } from "../replay/capture-head.ts";
import { reconnectBackoff } from "../venues/backoff.ts";
import { openVenue } from "../venues/open-venue.ts";
import { nowNanos, VenueConnection } from "../venues/venue-connection.ts";
import type { Venue } from "../venues/venue.ts";
import { CaptureWriter } from "./capture-writer.ts";

export interface RecorderOptions {
  venue: Venue;
  symbols: readonly string[] | null;
  path: string;
  /** The recording ends after so long; null: with the signal. */
  lengthMs: number | null;
  bytesMax: number;
  reconnectMsMin: number;
  log: Logger;
  signal: AbortSignal;
}

const PROGRESS_MS = 10_000;

/**
 * Writes down what a venue says, as it says it, for a replay. The messages are read as a live feed reads them, because that is
 * how a hole or a wrong checksum leads to a new snapshot, and without one a recording would have books that never mend.
 */
export async function record(options: RecorderOptions): Promise<{ messages: number; bytes: number }> {
  const { venue, symbols, path, lengthMs, bytesMax, log } = options;
  const writer = await CaptureWriter.open({ path, bytesMax });
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const onRaw = (text: string, receivedNanos: bigint) => {
    writer.write(text, receivedNanos);
    if (!writer.full || over.signal.aborted) return;
    log.warn({ path, bytesMax }, "the file is as large as it may be: the recording ends");
    over.abort();
  };
  const progress = setInterval(() => log.info({ path, ...writer.counted }, "recording"), PROGRESS_MS);
  try {
    const backoff = reconnectBackoff(options.reconnectMsMin);
    const open = await openVenue({ venue, symbols, sink: nowhere(), log, signal, backoff, onRaw });
    writer.write(captureHead(venue.name, open.instruments), nowNanos());
    if (lengthMs !== null)
      void delay(lengthMs, undefined, { signal }).then(
        () => over.abort(),
        () => {},
      );
    const connections = open.lines.map(
      (line) =>
        new VenueConnection(line, {
          log,
          signal,
          backoff,
          room: () => writer.room(),
          onRaw,
          onBadMessage: () => {},
          onConnected: () => {},
        }),
    );
    await Promise.all(connections.map((connection) => connection.run()));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearInterval(progress);
    over.abort();
    await writer.close();
  }
  return writer.counted;
}

/** A recorder's market goes nowhere. */
function nowhere(): MarketSink {
  let instruments = 0;
  const nothing = () => {};
  return {
    defineInstrument: () => instruments++,
    trade: nothing,
    quote: nothing,
    bookSnapshot: nothing,
    bookDelta: nothing,
    bar: nothing,
    clock: nothing,
    gap: nothing,
  };
}
