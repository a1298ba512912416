import { CodedError } from "@mib/service/coded-error";
import type { Api } from "./api.ts";
import type { ExportRequest, ParametersOf } from "./export-request.ts";
import type { Column, Row, Table } from "./table.ts";

/** The table that was asked for. Its first page is there: what can't be read at all fails here. */
export async function tableOf(api: Api, { of, parameters }: ExportRequest, now: Date): Promise<Table> {
  const made =
    of === "bars"
      ? bars(api, parameters, now)
      : of === "trades"
        ? trades(api, parameters)
        : indicators(api, parameters);
  const pages = made.read();
  const first = await pages.next();
  const { columns, source } = made.known();
  return {
    columns,
    facts: {
      query: made.query,
      variables: JSON.stringify(made.variables),
      source,
      exportedAt: now.toISOString(),
    },
    pages: (async function* () {
      if (!first.done) yield first.value;
      yield* pages;
    })(),
  };
}

interface Made {
  /** The operation whose answer the file is. */
  query: string;
  variables: Record<string, unknown>;
  read(): AsyncGenerator<readonly Row[]>;
  /** After the first page. */
  known(): { columns: readonly Column[]; source: string };
}

const oneLine = (query: string): string => query.replace(/\s+/g, " ").trim();

interface Instrument<Fields> {
  instrument: ({ source: string } & Fields) | null;
}

/** Fails as the API does when it has no such instrument. */
function found<Fields>({ instrument }: Instrument<Fields>, symbol: string): { source: string } & Fields {
  if (instrument === null) throw new CodedError("INSTRUMENT_NOT_FOUND", undefined, { symbol });
  return instrument;
}

const BAR_COLUMNS: readonly Column[] = [
  { name: "openedAt", kind: "TIME" },
  ...["open", "high", "low", "close", "volume", "vwap"].map((name): Column => ({ name, kind: "DECIMAL" })),
  { name: "tradeCount", kind: "INTEGER" },
  { name: "revision", kind: "INTEGER" },
];
const BARS_QUERY = oneLine(`
  query ExportBars($symbol: ID!, $interval: BarInterval!, $from: DateTime!, $to: DateTime!) {
    instrument(symbol: $symbol) {
      source
      bars(interval: $interval, from: $from, to: $to) { ${BAR_COLUMNS.map(({ name }) => name).join(" ")} final }
    }
  }`);
const INTERVAL_MS = { S1: 1_000, M1: 60_000, M5: 300_000, H1: 3_600_000, D1: 86_400_000 };
/** The API answers at most 10 000 bars at once. */
const BARS_PER_PAGE = 10_000;
const BAR_PAGES_MAX = 2_000;

/** Final bars that opened in [from, to). */
function bars(api: Api, { symbol, interval, from, to }: ParametersOf<"bars">, now: Date): Made {
  const variables = { symbol, interval, from, to: to ?? now.toISOString() };
  const [start, end] = [Date.parse(variables.from), Date.parse(variables.to)];
  const page = BARS_PER_PAGE * INTERVAL_MS[interval];
  if (end - start > BAR_PAGES_MAX * page)
    throw new CodedError("RANGE_TOO_LARGE", `At most ${BAR_PAGES_MAX * BARS_PER_PAGE} intervals at once.`);
  let source = "";
  return {
    query: BARS_QUERY,
    variables,
    known: () => ({ columns: BAR_COLUMNS, source }),
    async *read() {
      for (let at = start; at < end || at === start; at += page) {
        const part = {
          ...variables,
          from: at === start ? variables.from : new Date(at).toISOString(),
          to: at + page >= end ? variables.to : new Date(at + page).toISOString(),
        };
        const instrument = found(
          await api.ask<Instrument<{ bars: (Record<string, string | number | null> & { final: boolean })[] }>>(
            BARS_QUERY,
            part,
          ),
          symbol,
        );
        source = instrument.source;
        yield instrument.bars
          .filter(({ final }) => final)
          .map((bar) => BAR_COLUMNS.map(({ name }) => bar[name] ?? null));
      }
    },
  };
}

const TRADE_COLUMNS: readonly Column[] = [
  { name: "at", kind: "TIME" },
  { name: "id", kind: "TEXT" },
  { name: "price", kind: "DECIMAL" },
  { name: "size", kind: "DECIMAL" },
  { name: "side", kind: "TEXT" },
];
const TRADES_QUERY = oneLine(`
  query ExportTrades($symbol: ID!, $from: DateTime, $to: DateTime, $after: String) {
    instrument(symbol: $symbol) {
      source
      tradeHistory(from: $from, to: $to, first: 1000, after: $after) {
        nodes { ${TRADE_COLUMNS.map(({ name }) => name).join(" ")} }
        pageInfo { hasNextPage endCursor }
      }
    }
  }`);

interface PageInfo {
  hasNextPage: boolean;
  endCursor: string | null;
}

/** Trades of [from, to), as far as they are kept. */
function trades(api: Api, { symbol, from, to }: ParametersOf<"trades">): Made {
  const variables = { symbol, from, to };
  let source = "";
  return {
    query: TRADES_QUERY,
    variables,
    known: () => ({ columns: TRADE_COLUMNS, source }),
    async *read() {
      for (let after: string | null = null; ;) {
        const instrument: {
          source: string;
          tradeHistory: { nodes: Record<string, string | null>[]; pageInfo: PageInfo };
        } = found(await api.ask(TRADES_QUERY, { ...variables, after }), symbol);
        source = instrument.source;
        const { nodes, pageInfo } = instrument.tradeHistory;
        yield nodes.map((trade) => TRADE_COLUMNS.map(({ name }) => trade[name] ?? null));
        if (!pageInfo.hasNextPage) return;
        after = pageInfo.endCursor;
      }
    },
  };
}

const INDICATORS_QUERY = oneLine(`
  query ExportIndicators(
    $symbol: ID!, $interval: BarInterval!, $indicator: IndicatorInput!, $from: DateTime, $to: DateTime, $after: String
  ) {
    instrument(symbol: $symbol) {
      source
      indicatorSeries(interval: $interval, indicator: $indicator, from: $from, to: $to, first: 1000, after: $after) {
        lines
        nodes { openedAt values }
        pageInfo { hasNextPage endCursor }
      }
    }
  }`);

interface Series {
  indicatorSeries: {
    lines: string[];
    nodes: { openedAt: string; values: (number | null)[] }[];
    pageInfo: PageInfo;
  };
}

/** The lines of one indicator over the bars of [from, to). */
function indicators(api: Api, { symbol, ...rest }: ParametersOf<"indicators">): Made {
  const variables = { symbol, ...rest };
  let source = "";
  let lines: readonly string[] = [];
  return {
    query: INDICATORS_QUERY,
    variables,
    known: () => ({
      columns: [{ name: "openedAt", kind: "TIME" }, ...lines.map((name): Column => ({ name, kind: "NUMBER" }))],
      source,
    }),
    async *read() {
      for (let after: string | null = null; ;) {
        const instrument: { source: string } & Series = found(
          await api.ask<Instrument<Series>>(INDICATORS_QUERY, { ...variables, after }),
          symbol,
        );
        source = instrument.source;
        lines = instrument.indicatorSeries.lines;
        const { nodes, pageInfo } = instrument.indicatorSeries;
        yield nodes.map(({ openedAt, values }) => [openedAt, ...values]);
        if (!pageInfo.hasNextPage) return;
        after = pageInfo.endCursor;
      }
    },
  };
}
