import { parseE9 } from "@mib/protocol/decimal";
import type { InstrumentInput } from "@mib/protocol/feed-session";
import { DataSource, InstrumentClass } from "@mib/protocol/messages.generated";
import { z } from "zod";
import { VenueMessageError } from "../message-fields.ts";
import type { BinanceMarketName } from "./messages.ts";

const exchangeInfo = z.object({
  symbols: z.array(
    z.object({
      symbol: z.string(),
      baseAsset: z.string(),
      quoteAsset: z.string(),
      contractType: z.string().optional(),
      filters: z.array(
        z.object({ filterType: z.string(), tickSize: z.string().optional(), stepSize: z.string().optional() }),
      ),
    }),
  ),
});

type ListedSymbol = z.infer<typeof exchangeInfo>["symbols"][number];

/**
 * The wanted instruments of an answer of the REST endpoint `exchangeInfo`, by the venue's symbol. Of futures the perpetuals alone.
 * What the answer says of others is not looked at: one with finer steps than can be told is no reason to have none.
 */
export function binanceInstruments(
  market: BinanceMarketName,
  json: unknown,
  wanted: readonly string[],
): Map<string, InstrumentInput> {
  const answer = exchangeInfo.safeParse(json);
  if (!answer.success) throw new VenueMessageError(`exchangeInfo: ${z.prettifyError(answer.error)}`);
  return new Map(
    answer.data.symbols
      .filter(({ symbol }) => wanted.includes(symbol))
      .filter(({ contractType }) => market === "spot" || contractType === "PERPETUAL")
      .map((listed) => [listed.symbol, definitionOf(market, listed)]),
  );
}

function definitionOf(market: BinanceMarketName, listed: ListedSymbol): InstrumentInput {
  const perpetual = market === "usdm";
  const filter = (type: string) => listed.filters.find(({ filterType }) => filterType === type);
  const pair = `${listed.baseAsset} / ${listed.quoteAsset}`;
  return {
    symbol: perpetual ? `${listed.symbol}-PERP` : listed.symbol,
    name: perpetual ? `${pair} Perpetual` : pair,
    venue: "BINANCE",
    venueSymbol: listed.symbol,
    class: perpetual ? InstrumentClass.DERIVATIVE : InstrumentClass.CRYPTO,
    source: DataSource.LIVE,
    priceIncrementE9: parseE9(filter("PRICE_FILTER")?.tickSize ?? "0"),
    sizeIncrementE9: parseE9(filter("LOT_SIZE")?.stepSize ?? "0"),
    tradesConsecutive: true,
  };
}
