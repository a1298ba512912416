import { useEffect, useRef } from "react";
import { percent, price } from "../format.ts";
import { useQuery } from "../query.ts";
import { followQuotes, quoteOf } from "../quotes.ts";
import { useStore } from "../store.ts";
import type { Instrument } from "../types.ts";
import { removeSymbol, selectedSymbol, watchlist } from "../watchlist.ts";
import { SourceBadge } from "./source-badge.tsx";
import { useStale } from "./stale.ts";

const ALL = "{ instruments(first: 200) { nodes { symbol class } } }";
const ROWS = `query ($symbols: [ID!]!) {
  instruments(first: 200, filter: {symbols: $symbols}) {
    nodes { symbol name source statistics { open last changePercent } quote { instrument { symbol } bidPrice bidSize askPrice askSize at stale } }
  }
}`;
const FIRST_ONES = ["BTCUSDT", "ETHUSDT"];
const PER_CLASS = 5;

export function Watchlist() {
  const symbols = useStore(watchlist);
  const firstListError = useFirstList(symbols === null);
  const { data, error } = useQuery<{ instruments: { nodes: Instrument[] } }>(
    symbols?.length ? ROWS : null,
    { symbols },
    5_000,
  );
  const rows = new Map((data?.instruments.nodes ?? []).map((instrument) => [instrument.symbol, instrument]));
  const key = (symbols ?? []).join(" ");
  useEffect(() => followQuotes(key === "" ? [] : key.split(" ")), [key]);

  return (
    <nav className="watchlist" aria-label="Watchlist">
      <table>
        <thead>
          <tr>
            <th>Instrument</th>
            <th>Bid</th>
            <th>Ask</th>
            <th>Day</th>
          </tr>
        </thead>
        <tbody>
          {(symbols ?? []).map((symbol) => (
            <Row key={symbol} symbol={symbol} instrument={rows.get(symbol)} />
          ))}
        </tbody>
      </table>
      {error && <p className="hint">{error}</p>}
      {symbols === null && <p className="hint">{firstListError ?? "Loading instruments…"}</p>}
    </nav>
  );
}

function Row({ symbol, instrument }: { symbol: string; instrument: Instrument | undefined }) {
  const live = useStore(quoteOf(symbol));
  const quote = live ?? instrument?.quote ?? null;
  const stale = useStale(live);
  const selected = useStore(selectedSymbol) === symbol;
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (selected) row.current?.scrollIntoView({ block: "nearest" });
  }, [selected]);
  const change = instrument?.statistics?.changePercent;
  return (
    <tr
      ref={row}
      aria-selected={selected}
      className={stale ? "stale" : ""}
      data-symbol={symbol}
      onClick={() => selectedSymbol.set(symbol)}
    >
      <td>
        <b>{symbol}</b> {instrument && <SourceBadge source={instrument.source} />}
        <small>
          {stale && (
            <abbr className="mark" title="No new price for a while">
              stale{" "}
            </abbr>
          )}
          {instrument?.name ?? "…"}
        </small>
      </td>
      <td className="number">{quote ? <Ticking decimal={quote.bidPrice} /> : "–"}</td>
      <td className="number">{quote ? <Ticking decimal={quote.askPrice} /> : "–"}</td>
      <td className={`number ${change === undefined ? "" : change < 0 ? "down" : "up"}`}>
        {change === undefined ? "–" : percent(change)}
        <button
          className="remove"
          aria-label={`Remove ${symbol} from the watchlist`}
          onClick={(event) => (event.stopPropagation(), removeSymbol(symbol))}
        >
          ×
        </button>
      </td>
    </tr>
  );
}

/** A price that flashes in the direction of its last change. */
function Ticking({ decimal }: { decimal: string }) {
  const before = useRef(decimal);
  const direction = useRef("");
  if (before.current !== decimal) {
    direction.current = Number(decimal) > Number(before.current) ? "rose" : "fell";
    before.current = decimal;
  }
  return (
    <span key={decimal} className={direction.current}>
      {price(decimal)}
    </span>
  );
}

/** The first visit begins with what most people look for: the two large coins and a few of each class. */
function useFirstList(wanted: boolean): string | null {
  const { data, error } = useQuery<{ instruments: { nodes: Instrument[] } }>(wanted ? ALL : null, {}, 2_000);
  useEffect(() => {
    const all = data?.instruments.nodes ?? [];
    if (!wanted || all.length === 0) return;
    const classes = Map.groupBy(all, (instrument) => instrument.class);
    const some = [...classes.values()].flatMap((ofClass) =>
      ofClass.slice(0, PER_CLASS).map((instrument) => instrument.symbol),
    );
    const first = FIRST_ONES.filter((symbol) => all.some((instrument) => instrument.symbol === symbol));
    watchlist.set([...new Set([...first, ...some])]);
    selectedSymbol.set(watchlist.get()?.[0] ?? null);
  }, [wanted, data]);
  return error;
}
