import { formatE9, parseE9 } from "@mib/protocol/decimal";
import { type DataSource, InstrumentClass } from "@mib/protocol/messages.generated";
import { z } from "zod";
import type { VenueInstrument } from "../venues/venue.ts";

const increment = z.string().regex(/^\d{1,10}(\.\d{1,9})?$/);
const decimals = z.number().int().min(0).max(9);
const head = z.object({
  capture: z.object({
    version: z.literal(1),
    venue: z.enum(["binance", "coinbase", "kraken"]),
    instruments: z.array(
      z.object({
        symbol: z.string(),
        name: z.string(),
        venue: z.string(),
        venueSymbol: z.string(),
        class: z.enum(InstrumentClass),
        priceIncrement: increment,
        sizeIncrement: increment,
        precision: z.object({ price: decimals, size: decimals }).optional(),
      }),
    ),
  }),
});

export interface CaptureHead {
  venue: "binance" | "coinbase" | "kraken";
  instruments: VenueInstrument[];
}

/** First message of a recording: which venue's messages follow, and what its instruments were. */
export function captureHead(venue: string, instruments: readonly VenueInstrument[]): string {
  return JSON.stringify({
    capture: {
      version: 1,
      venue,
      instruments: instruments.map(({ definition, precision }) => ({
        symbol: definition.symbol,
        name: definition.name,
        venue: definition.venue,
        venueSymbol: definition.venueSymbol,
        class: definition.class,
        priceIncrement: formatE9(definition.priceIncrementE9 ?? 0n),
        sizeIncrement: formatE9(definition.sizeIncrementE9 ?? 0n),
        ...(precision ? { precision } : {}),
      })),
    },
  });
}

/** Null for a message that is no head: the capture is Binance's then. Throws an Error for a head that can't be read. */
export function readCaptureHead(text: string, source: DataSource): CaptureHead | null {
  if (!text.startsWith('{"capture":')) return null;
  const parsed = head.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`the head of the capture can't be read: ${z.prettifyError(parsed.error)}`);
  const { venue, instruments } = parsed.data.capture;
  return {
    venue,
    instruments: instruments.map(({ priceIncrement, sizeIncrement, precision, ...names }) => ({
      definition: {
        ...names,
        source,
        priceIncrementE9: parseE9(priceIncrement),
        sizeIncrementE9: parseE9(sizeIncrement),
        tradesConsecutive: true,
      },
      ...(precision ? { precision } : {}),
    })),
  };
}
