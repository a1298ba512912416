export type InstrumentClass = "CRYPTO" | "EQUITY" | "FX" | "COMMODITY" | "INDEX" | "DERIVATIVE";
export type DataSource = "SIMULATED" | "REPLAY" | "LIVE";

export interface Instrument {
  symbol: string;
  name: string;
  venue: string;
  venueSymbol: string;
  class: InstrumentClass;
  source: DataSource;
}

export interface InstrumentFilter {
  class?: InstrumentClass | null | undefined;
  venue?: string | null | undefined;
  text?: string | null | undefined;
  symbols?: readonly string[] | null | undefined;
}

/** Makes a test out of a filter: all that is given has to hold; text may be anywhere in symbol or name, in any case. */
export function matcherOf(filter: InstrumentFilter): (instrument: Instrument) => boolean {
  const text = filter.text?.trim().toLowerCase() ?? "";
  const symbols = filter.symbols ? new Set(filter.symbols) : null;
  const venue = filter.venue?.toLowerCase() ?? null;
  return (instrument) =>
    (filter.class == null || instrument.class === filter.class) &&
    (venue === null || instrument.venue.toLowerCase() === venue) &&
    (symbols === null || symbols.has(instrument.symbol)) &&
    (text === "" || instrument.symbol.toLowerCase().includes(text) || instrument.name.toLowerCase().includes(text));
}

/** The first `count` of these instruments, which are in the order of their symbols, that match and stand after a symbol. */
export function instrumentsAfter(
  sorted: readonly Instrument[],
  after: string | null,
  count: number,
  matches: (instrument: Instrument) => boolean,
): Instrument[] {
  const found: Instrument[] = [];
  for (let at = after === null ? 0 : placeAfter(sorted, after); at < sorted.length && found.length < count; at += 1) {
    const instrument = sorted[at] as Instrument;
    if (matches(instrument)) found.push(instrument);
  }
  return found;
}

/** Where the first symbol greater than this one stands. */
function placeAfter(sorted: readonly Instrument[], symbol: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as Instrument).symbol <= symbol) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function sameInstrument(a: Instrument, b: Instrument): boolean {
  return (
    a.name === b.name &&
    a.venue === b.venue &&
    a.venueSymbol === b.venueSymbol &&
    a.class === b.class &&
    a.source === b.source
  );
}
