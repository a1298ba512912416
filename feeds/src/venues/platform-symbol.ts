import { CodedError } from "@mib/service/coded-error";

/**
 * The venue's own symbols of those that were asked for, which may have the platform's suffix (`BTC-USD.COINBASE`) or not. What
 * the venue does not have goes to `onUnknown`; fails with INSTRUMENT_NOT_FOUND when it has none.
 */
export function venueSymbols(
  venue: string,
  asked: readonly string[],
  has: (venueSymbol: string) => boolean,
  onUnknown: (symbols: readonly string[]) => void,
): string[] {
  const suffix = `.${venue.toUpperCase()}`;
  const own = [...new Set(asked.map((symbol) => (symbol.endsWith(suffix) ? symbol.slice(0, -suffix.length) : symbol)))];
  const unknown = own.filter((symbol) => !has(symbol));
  if (unknown.length === own.length)
    throw new CodedError("INSTRUMENT_NOT_FOUND", `${venue} has no ${unknown.join(", ")}`, { symbols: unknown });
  if (unknown.length > 0) onUnknown(unknown);
  return own.filter(has);
}
