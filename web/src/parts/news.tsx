import { Fragment, useEffect, useState } from "react";
import { dayAndTime } from "../format.ts";
import { subscribe } from "../live-client.ts";
import { useQuery } from "../query.ts";
import type { Article } from "../types.ts";
import { addSymbol } from "../watchlist.ts";

const FIELDS = "id title summary url source publishedAt sentiment instruments { symbol }";
const OF_INSTRUMENT = `query ($symbol: ID!) { instrument(symbol: $symbol) { news(first: 20) { ${FIELDS} } } }`;
const SEARCH = `query ($query: String!) {
  searchNews(query: $query, first: 20) { edges { snippet { text highlights { start end } } node { ${FIELDS} } } }
}`;
const LIVE = `subscription ($symbols: [ID!]) { news(symbols: $symbols) { ${FIELDS} } }`;

interface Snippet {
  text: string;
  highlights: { start: number; end: number }[];
}

/** News by meaning and words when something is asked for, else what concerns the chosen instrument, growing as it comes. */
export function News({ symbol }: { symbol: string | null }) {
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState("");
  return (
    <>
      <form className="ask" role="search" onSubmit={(event) => (event.preventDefault(), setAsked(typed.trim()))}>
        <input
          type="search"
          aria-label="Search news by meaning"
          placeholder="Search news by meaning"
          value={typed}
          maxLength={300}
          onChange={(event) => (setTyped(event.target.value), event.target.value === "" && setAsked(""))}
        />
        <button>Search</button>
      </form>
      {asked !== "" ? (
        <Found query={asked} />
      ) : symbol !== null ? (
        <OfInstrument key={symbol} symbol={symbol} />
      ) : (
        <p className="hint">Choose an instrument or ask for something.</p>
      )}
    </>
  );
}

function Found({ query }: { query: string }) {
  const { data, error, loading } = useQuery<{ searchNews: { edges: { snippet: Snippet; node: Article }[] } }>(SEARCH, {
    query,
  });
  if (loading) return <p className="hint">Searching…</p>;
  if (error && !data) return <p className="hint">{error}</p>;
  const edges = data?.searchNews.edges ?? [];
  return edges.length === 0 ? (
    <p className="hint">No article says anything like that.</p>
  ) : (
    <List articles={edges.map((edge) => ({ ...edge.node, snippet: edge.snippet }))} />
  );
}

function OfInstrument({ symbol }: { symbol: string }) {
  const { data, error, loading } = useQuery<{ instrument: { news: Article[] | null } | null }>(OF_INSTRUMENT, {
    symbol,
  });
  const [arrived, setArrived] = useState<Article[]>([]);
  useEffect(
    () =>
      subscribe<{ news: Article }>(LIVE, { symbols: [symbol] }, ({ news }) =>
        setArrived((before) => [news, ...before].slice(0, 50)),
      ),
    [symbol],
  );
  const articles = [
    ...new Map([...arrived, ...(data?.instrument?.news ?? [])].map((article) => [article.id, article])).values(),
  ];
  if (articles.length > 0) return <List articles={articles} />;
  return <p className="hint">{loading ? "Loading news…" : (error ?? `No news about ${symbol} yet.`)}</p>;
}

function List({ articles }: { articles: (Article & { snippet?: Snippet })[] }) {
  return (
    <ol className="news">
      {articles.map((article) => (
        <li key={article.id}>
          <h3>
            <i
              className={`mood ${moodOf(article.sentiment)}`}
              role="img"
              aria-label={`Sentiment: ${moodOf(article.sentiment)}`}
            />{" "}
            {article.snippet?.text === article.title ? <Marked {...article.snippet} /> : article.title}
          </h3>
          {article.snippet && article.snippet.text !== article.title ? (
            <p>
              <Marked {...article.snippet} />
            </p>
          ) : (
            article.summary && <p>{article.summary}</p>
          )}
          <footer>
            {article.source} · <time dateTime={article.publishedAt}>{dayAndTime(article.publishedAt)}</time>
            {article.instruments.slice(0, 4).map(({ symbol }) => (
              <button key={symbol} className="chip" onClick={() => addSymbol(symbol)}>
                {symbol}
              </button>
            ))}
          </footer>
        </li>
      ))}
    </ol>
  );
}

/** The passage with the words marked that were asked for. */
function Marked({ text, highlights }: Snippet) {
  if (highlights.length === 0) return text;
  return highlights.map(({ start, end }, index) => (
    <Fragment key={start}>
      {text.slice(highlights[index - 1]?.end ?? 0, start)}
      <mark>{text.slice(start, end)}</mark>
      {index === highlights.length - 1 && text.slice(end)}
    </Fragment>
  ));
}

function moodOf(sentiment: number | null): "good" | "bad" | "neutral" | "unknown" {
  if (sentiment === null) return "unknown";
  return sentiment > 0.1 ? "good" : sentiment < -0.1 ? "bad" : "neutral";
}
