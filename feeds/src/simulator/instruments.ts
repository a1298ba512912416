import { parseE9 } from "@mib/protocol/decimal";
import { DataSource, InstrumentClass } from "@mib/protocol/messages.generated";
import type { InstrumentInput } from "@mib/protocol/feed-session";
import { CRYPTO } from "./crypto.ts";
import { CURRENCIES, PAIRS } from "./currencies.ts";
import { EQUITIES } from "./equities.ts";

export type Market = "crypto" | "equity" | "fx";

/** What has a value of its own: a coin, a share, a currency (in US dollars). */
export interface Asset {
  name: string;
  market: Market;
  sector: string;
  value: number;
  /** Standard deviation of the logarithm's change over a year. */
  volatility: number;
}

export interface SimulatedInstrument {
  definition: InstrumentInput;
  market: Market;
  /** What is priced, and for currencies what it is priced in; numbers of assets, -1: US dollars. */
  base: number;
  quoted: number;
  /** `parseE9` of the price step. Prices are whole numbers of it. */
  tickE9: bigint;
  tick: number;
  /** Sizes are whole numbers of it. */
  lotE9: bigint;
  /** Average trade in lots. */
  tradeLots: number;
  /** The largest size in lots: sizes are 64-bit numbers of 1e-9. */
  lotsMax: number;
  /** Distance of bid and offer in ticks at calm times. */
  spreadTicks: number;
  /** Share of the market's activity, before the time of day. */
  weight: number;
}

export interface Universe {
  assets: readonly Asset[];
  instruments: readonly SimulatedInstrument[];
}

const TRADE_NOTIONAL: Record<Market, number> = { crypto: 2_500, equity: 9_000, fx: 250_000 };
/** Of the price, for an instrument of weight 1; more trading makes it narrower. */
const SPREAD: Record<Market, number> = { crypto: 0.000_1, equity: 0.000_25, fx: 0.000_06 };

/** The 200 instruments of the simulated market, in a fixed order. */
export function simulatedUniverse(): Universe {
  const coins = CRYPTO.map(([, name, value, , , volatility, sector]): Asset => ({
    name,
    market: "crypto",
    sector,
    value,
    volatility,
  }));
  const shares = EQUITIES.map(([, name, value, volatility, sector]): Asset => ({
    name,
    market: "equity",
    sector,
    value,
    volatility,
  }));
  const currencies = CURRENCIES.map(([, name, value, volatility, sector]): Asset => ({
    name,
    market: "fx",
    sector,
    value,
    volatility,
  }));
  const currencyNumber = (code: string) =>
    code === "USD" ? -1 : coins.length + shares.length + CURRENCIES.findIndex(([each]) => each === code);

  const instruments: SimulatedInstrument[] = [
    ...CRYPTO.map(([coin, name, price, tick, lot], rank) =>
      instrument({
        symbol: `${coin}USDT`,
        name: `${name} / Tether`,
        market: "crypto",
        base: rank,
        quoted: -1,
        price,
        tick,
        lot,
        weight: 30 / (rank + 1.5) ** 0.85,
      }),
    ),
    ...EQUITIES.map(([ticker, name, price], rank) =>
      instrument({
        symbol: ticker,
        name,
        market: "equity",
        base: coins.length + rank,
        quoted: -1,
        price,
        tick: "0.01",
        lot: "1",
        weight: 4 * Math.exp(-rankInSector(rank) / 8),
      }),
    ),
    ...PAIRS.map((pair, rank) => {
      const base = currencyNumber(pair.slice(0, 3));
      const quoted = currencyNumber(pair.slice(3));
      const price = valueOf(base) / valueOf(quoted);
      const tick = price > 20 ? "0.001" : "0.00001";
      return instrument({
        symbol: pair,
        name: `${nameOf(base)} / ${nameOf(quoted)}`,
        market: "fx",
        base,
        quoted,
        price,
        tick,
        lot: "1000",
        weight: 9 / (rank + 1.5) ** 0.6,
      });
    }),
  ];
  const assets = [...coins, ...shares, ...currencies];
  return { assets, instruments };

  function valueOf(currency: number): number {
    return currency < 0 ? 1 : currencies[currency - coins.length - shares.length]!.value;
  }

  function nameOf(currency: number): string {
    return currency < 0 ? "US Dollar" : currencies[currency - coins.length - shares.length]!.name;
  }
}

function rankInSector(rank: number): number {
  const sector = EQUITIES[rank]![4];
  return EQUITIES.slice(0, rank).filter((each) => each[4] === sector).length;
}

interface Draft {
  symbol: string;
  name: string;
  market: Market;
  base: number;
  quoted: number;
  price: number;
  tick: string;
  lot: string;
  weight: number;
}

const CLASSES = { crypto: InstrumentClass.CRYPTO, equity: InstrumentClass.EQUITY, fx: InstrumentClass.FX } as const;

function instrument({ symbol, name, market, base, quoted, price, tick, lot, weight }: Draft): SimulatedInstrument {
  const lotsMax = Math.floor(4e18 / Number(parseE9(lot)));
  return {
    definition: {
      symbol,
      name,
      venue: "SIMULATOR",
      venueSymbol: symbol,
      class: CLASSES[market],
      source: DataSource.SIMULATED,
      priceIncrementE9: parseE9(tick),
      sizeIncrementE9: parseE9(lot),
      tradesConsecutive: true,
    },
    market,
    base,
    quoted,
    tickE9: parseE9(tick),
    tick: Number(tick),
    lotE9: parseE9(lot),
    // Coins that are worth next to nothing are traded in smaller amounts, so that deep levels fit, too.
    tradeLots: Math.max(
      1,
      Math.min(TRADE_NOTIONAL[market] / (market === "fx" ? 1 : price) / Number(lot), lotsMax / 100),
    ),
    lotsMax,
    spreadTicks: Math.max(1, Math.round((price * SPREAD[market]) / Math.sqrt(weight) / Number(tick))),
    weight,
  };
}
