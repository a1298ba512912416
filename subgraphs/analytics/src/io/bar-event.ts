import { InvalidRecordError } from "@mib/events/event";
import { validateValue } from "@mib/events/validate";
import type { BarInterval } from "../domain/market-memory.ts";
import type { WindowBar } from "../domain/bar-window.ts";

/** The value of an event of `market.bars.v1`, as far as analytics reads it. */
interface BarValue {
  instrument: { symbol: string };
  interval: BarInterval;
  openedAt: string;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
  revision: number;
}

/** Throws InvalidRecordError with the reason when the value is no bar. */
export function parseBar(value: string): { symbol: string; interval: BarInterval; openedAt: string; bar: WindowBar } {
  const validation = validateValue("market.bars.v1", value);
  if (!validation.ok) throw new InvalidRecordError(validation.reason);
  const { instrument, interval, openedAt, volume, revision, ...prices } = validation.value as BarValue;
  const [open, high, low, close] = [prices.open, prices.high, prices.low, prices.close].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  // The engine takes no such price; its logarithm would make every average that it goes into NaN.
  if (!(Math.min(open, high, low, close) > 0)) throw new InvalidRecordError("a price is not above 0");
  return {
    symbol: instrument.symbol,
    interval,
    openedAt,
    bar: { openedAtMs: Date.parse(openedAt), open, high, low, close, volume: Number(volume), revision },
  };
}
