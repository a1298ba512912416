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
  const { instrument, interval, openedAt, open, high, low, close, volume, revision } = validation.value as BarValue;
  return {
    symbol: instrument.symbol,
    interval,
    openedAt,
    bar: {
      openedAtMs: Date.parse(openedAt),
      open: Number(open),
      high: Number(high),
      low: Number(low),
      close: Number(close),
      volume: Number(volume),
      revision,
    },
  };
}
