import {
  CandlestickSeries,
  createChart,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type UTCTimestamp,
} from "lightweight-charts";
import { useEffect, useRef } from "react";
import { decimalsOf } from "../format.ts";
import { subscribe } from "../live-client.ts";
import { useQuery } from "../query.ts";
import { useStore } from "../store.ts";
import { colour, theme } from "../theme.ts";
import type { Bar, Interval } from "../types.ts";

const FIELDS = "openedAt open high low close volume final";
const HISTORY = `query ($symbol: ID!, $interval: BarInterval!) { instrument(symbol: $symbol) { bars(interval: $interval, last: 600) { ${FIELDS} } } }`;
const CURRENT = `subscription ($symbol: ID!, $interval: BarInterval!) { currentBar(symbol: $symbol, interval: $interval) { ${FIELDS} } }`;
const FINAL = `subscription ($symbol: ID!, $interval: BarInterval!) { bars(symbol: $symbol, interval: $interval) { ${FIELDS} } }`;

/** Candles and volume of one instrument and interval: history by query, then each change as it comes. */
export function Chart({ symbol, interval }: { symbol: string; interval: Interval }) {
  const box = useRef<HTMLDivElement>(null);
  const parts = useRef<{
    chart: IChartApi;
    candles: ISeriesApi<"Candlestick">;
    volume: ISeriesApi<"Histogram">;
  } | null>(null);
  const newest = useRef(0);
  const early = useRef<Bar[]>([]);
  const mode = useStore(theme);
  const { data, error, loading } = useQuery<{ instrument: { bars: Bar[] } | null }>(HISTORY, { symbol, interval });
  const bars = data?.instrument?.bars;

  useEffect(() => {
    const chart = createChart(box.current!, {
      autoSize: true,
      layout: { attributionLogo: true, fontFamily: "inherit", background: { color: "transparent" } },
      timeScale: { timeVisible: interval !== "D1", secondsVisible: interval === "S1", rightOffset: 4 },
    });
    const candles = chart.addSeries(CandlestickSeries, { wickVisible: true, borderVisible: false });
    const volume = chart.addSeries(HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.85, bottom: 0 } });
    parts.current = { chart, candles, volume };
    return () => {
      parts.current = null;
      chart.remove();
    };
  }, [interval]);

  useEffect(() => {
    const { chart, candles } = parts.current!;
    const up = colour("up");
    const down = colour("down");
    chart.applyOptions({
      layout: { textColor: colour("muted") },
      grid: { vertLines: { color: colour("line") }, horzLines: { color: colour("line") } },
    });
    candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
  }, [mode, interval]);

  useEffect(() => {
    if (!bars || !parts.current) return;
    const { candles, volume, chart } = parts.current;
    const decimals = Math.max(0, ...bars.slice(-50).map((bar) => decimalsOf(bar.close)));
    candles.applyOptions({ priceFormat: { type: "price", precision: decimals, minMove: 10 ** -decimals } });
    candles.setData(bars.map(candleOf));
    volume.setData(bars.map(volumeOf));
    newest.current = bars.length === 0 ? 0 : timeOf(bars.at(-1)!);
    for (const bar of early.current.splice(0)) show(bar);
    chart.timeScale().setVisibleLogicalRange({ from: Math.max(0, bars.length - 140), to: bars.length + 4 });
  }, [bars]);

  /** A bar that is older than what is drawn is history's business (the library takes only the newest). */
  function show(bar: Bar) {
    if (!parts.current || timeOf(bar) < newest.current) return;
    newest.current = timeOf(bar);
    parts.current.candles.update(candleOf(bar));
    parts.current.volume.update(volumeOf(bar));
  }

  useEffect(() => {
    // What comes before the history was read waits for it.
    const take = (bar: Bar) => (newest.current === 0 ? void early.current.push(bar) : show(bar));
    const stops = [
      subscribe<{ currentBar: Bar }>(CURRENT, { symbol, interval }, (event) => take(event.currentBar)),
      subscribe<{ bars: Bar }>(FINAL, { symbol, interval }, (event) => take(event.bars)),
    ];
    return () => stops.forEach((stop) => stop());
  }, [symbol, interval]);

  return (
    <figure className="chart" aria-label={`Candles of ${symbol}`} data-bars={bars?.length ?? 0}>
      <div ref={box} className="canvas" />
      {loading && <p className="over">Loading bars…</p>}
      {error && !bars && <p className="over">{error}</p>}
      {bars?.length === 0 && <p className="over">No bars of this interval yet.</p>}
    </figure>
  );
}

function timeOf(bar: Bar): UTCTimestamp {
  return Math.floor(Date.parse(bar.openedAt) / 1_000) as UTCTimestamp;
}

// Floats are fine here: this is drawing, not arithmetic.
function candleOf(bar: Bar) {
  return {
    time: timeOf(bar),
    open: Number(bar.open),
    high: Number(bar.high),
    low: Number(bar.low),
    close: Number(bar.close),
  };
}

function volumeOf(bar: Bar) {
  return {
    time: timeOf(bar),
    value: Number(bar.volume),
    color: colour(Number(bar.close) < Number(bar.open) ? "down-faint" : "up-faint"),
  };
}
