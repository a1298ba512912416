import { setTimeout as delay } from "node:timers/promises";
import { CodedError } from "@mib/service/coded-error";
import { Backoff, type BackoffOptions } from "./backoff.ts";
import { VenueRest } from "./venue-rest.ts";
import type { OpenVenue, Venue, VenueContext } from "./venue.ts";

export interface OpenVenueOptions extends Omit<VenueContext, "rest" | "symbols" | "onUnknown"> {
  venue: Venue;
  /** Null: those of the venue's own choice. */
  symbols: readonly string[] | null;
  backoff: BackoffOptions;
  /** Why the venue did not answer this time. */
  onTrouble?(reason: string): void;
}

const REST_PACE_MS = 1_000;

/** Asks a venue for its instruments until it answers. Fails with a CodedError when asking again can't help. */
export async function openVenue(options: OpenVenueOptions): Promise<OpenVenue> {
  const { venue, symbols, backoff: backoffOptions, onTrouble, ...context } = options;
  const { log, signal } = context;
  const rest = new VenueRest({ signal, paceMs: REST_PACE_MS });
  const backoff = new Backoff(backoffOptions);
  for (;;) {
    try {
      return await venue.open({
        ...context,
        rest,
        symbols: symbols ?? venue.symbolsByDefault,
        onUnknown: (unknown) => log.error({ venue: venue.name, symbols: unknown }, "the venue does not have these"),
      });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof CodedError) throw error;
      const reason = reasonOf(error);
      const waitMs = Math.round(backoff.nextMs(0));
      onTrouble?.(reason);
      log.warn({ venue: venue.name, reason, retryInMs: waitMs }, "the venue can't be reached");
      await delay(waitMs, undefined, { signal });
    }
  }
}

/** `fetch` hides what happened in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message || (error.cause as { code?: string }).code : null;
  return cause ? `${error.message}: ${cause}` : error.message;
}
