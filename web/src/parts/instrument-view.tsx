import { compact, percent, price, time } from "../format.ts";
import { useQuery } from "../query.ts";
import { quoteOf } from "../quotes.ts";
import { useStore } from "../store.ts";
import type { Instrument, Interval } from "../types.ts";
import { Chart } from "./chart.tsx";
import { SourceBadge } from "./source-badge.tsx";
import { useStale } from "./stale.ts";

export const INTERVALS: readonly { id: Interval; label: string }[] = [
  { id: "S1", label: "1s" },
  { id: "M1", label: "1m" },
  { id: "M5", label: "5m" },
  { id: "H1", label: "1h" },
  { id: "D1", label: "1d" },
];

interface Indicators {
  rsi: number | null;
  sma: number | null;
  realisedVolatility: number | null;
}

const DETAILS = `query ($symbol: ID!, $interval: BarInterval!) {
  instrument(symbol: $symbol) {
    symbol name venue class source
    quote { instrument { symbol } bidPrice bidSize askPrice askSize at stale }
    statistics { open high low last volume tradeCount changePercent }
    indicators(interval: $interval) { rsi sma realisedVolatility }
  }
}`;

export function InstrumentView({
  symbol,
  interval,
  onInterval,
}: {
  symbol: string;
  interval: Interval;
  onInterval(interval: Interval): void;
}) {
  const { data, error } = useQuery<{ instrument: (Instrument & { indicators: Indicators | null }) | null }>(
    DETAILS,
    { symbol, interval },
    5_000,
  );
  const live = useStore(quoteOf(symbol));
  const stale = useStale(live);
  const instrument = data?.instrument;
  const quote = live ?? instrument?.quote ?? null;
  const statistics = instrument?.statistics;
  const indicators = instrument?.indicators;
  return (
    <>
      <section className={`title ${stale ? "stale" : ""}`}>
        <div>
          <h2>
            {symbol} {instrument && <SourceBadge source={instrument.source} />}{" "}
            {stale && (
              <abbr className="mark" title="No new price for a while">
                stale
              </abbr>
            )}
          </h2>
          <p>{instrument ? `${instrument.name} · ${instrument.venue}` : (error ?? "…")}</p>
        </div>
        <div className="touch">
          <output className="bid" aria-label="Bid">
            {quote ? price(quote.bidPrice) : "–"}
            <small>{quote && compact(quote.bidSize)}</small>
          </output>
          <output className="ask" aria-label="Ask">
            {quote ? price(quote.askPrice) : "–"}
            <small>{quote && compact(quote.askSize)}</small>
          </output>
        </div>
        <dl className="facts">
          <Fact
            name="Day"
            value={statistics && percent(statistics.changePercent)}
            tone={statistics && (statistics.changePercent < 0 ? "down" : "up")}
          />
          <Fact name="High" value={statistics && price(statistics.high)} />
          <Fact name="Low" value={statistics && price(statistics.low)} />
          <Fact name="Volume" value={statistics && compact(statistics.volume)} />
          <Fact name="RSI 14" value={indicators?.rsi?.toFixed(1)} />
          <Fact name="As of" value={quote && `${time(quote.at)} UTC`} />
        </dl>
      </section>
      <div className="intervals" role="group" aria-label="Interval of the chart">
        {INTERVALS.map(({ id, label }, index) => (
          <button key={id} aria-pressed={id === interval} title={`Key ${index + 1}`} onClick={() => onInterval(id)}>
            {label}
          </button>
        ))}
      </div>
      <Chart key={`${symbol}/${interval}`} symbol={symbol} interval={interval} />
    </>
  );
}

function Fact({
  name,
  value,
  tone = "",
}: {
  name: string;
  value: string | null | undefined;
  tone?: string | null | undefined;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={tone ?? ""}>{value ?? "–"}</dd>
    </div>
  );
}
