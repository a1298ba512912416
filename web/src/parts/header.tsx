import { useEffect, useState, type RefObject } from "react";
import { connection, missed } from "../live-client.ts";
import { useQuery } from "../query.ts";
import { session } from "../session.ts";
import { useStore } from "../store.ts";
import { theme, toggleTheme } from "../theme.ts";
import type { Feed, Instrument } from "../types.ts";
import { addSymbol } from "../watchlist.ts";
import { SourceBadge } from "./source-badge.tsx";

const FEEDS = "{ feeds { name source connected lastEventAt eventsPerSecond gaps } }";
const FIND =
  "query ($text: String!) { instruments(first: 8, filter: {text: $text}) { nodes { symbol name venue class source } } }";
const CONNECTION = { connecting: "Connecting", live: "Live", lost: "Connection lost, trying again" };

/** What the header opens over the page. */
export type Dialog = "account" | "help";

export function Header({
  searchRef,
  onDialog,
}: {
  searchRef: RefObject<HTMLInputElement | null>;
  onDialog(dialog: Dialog): void;
}) {
  const state = useStore(connection);
  const gap = useStore(missed);
  const user = useStore(session)?.user;
  const mode = useStore(theme);
  const { data } = useQuery<{ feeds: Feed[] }>(FEEDS, {}, 5_000);
  return (
    <header className="header">
      <h1>
        <img src="/icon.svg" alt="" width="22" height="22" /> Market Intel Brain
      </h1>
      <InstrumentSearch inputRef={searchRef} />
      <div className="feeds" aria-label="Feeds">
        {(data?.feeds ?? []).map((feed) => (
          <span
            key={feed.name}
            className={feed.connected ? "feed" : "feed off"}
            title={`${feed.name}: ${feed.gaps} gaps`}
          >
            {feed.source.toLowerCase()} ·{" "}
            {feed.connected ? `${Math.round(feed.eventsPerSecond).toLocaleString()} /s` : "ended"}
          </span>
        ))}
      </div>
      <span className={`connection ${state}`} role="status">
        {CONNECTION[state]}
      </span>
      {gap && (
        <span className="missed" role="status">
          Events missed: {gap.count ?? "unknown"}
        </span>
      )}
      <button onClick={toggleTheme} aria-label={`Switch to the ${mode === "dark" ? "light" : "dark"} theme`}>
        {mode === "dark" ? "☀" : "☾"}
      </button>
      <button onClick={() => onDialog("account")}>{user?.email ?? "Log in"}</button>
      <button onClick={() => onDialog("help")} aria-label="Keyboard help">
        ?
      </button>
    </header>
  );
}

/** Finds instruments by symbol or name; Enter takes the first, the arrow keys another. */
function InstrumentSearch({ inputRef }: { inputRef: RefObject<HTMLInputElement | null> }) {
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const { data, error } = useQuery<{ instruments: { nodes: Instrument[] } }>(text.trim() === "" ? null : FIND, {
    text: text.trim(),
  });
  const found = data?.instruments.nodes ?? [];
  useEffect(() => setActive(0), [text]);

  const leave = () => {
    setText("");
    inputRef.current?.blur();
  };
  const choose = (instrument: Instrument | undefined) => {
    if (!instrument) return;
    addSymbol(instrument.symbol);
    leave();
  };
  return (
    <div className="search">
      <input
        ref={inputRef}
        type="search"
        placeholder="Find an instrument  /"
        aria-label="Find an instrument"
        role="combobox"
        aria-expanded={found.length > 0}
        aria-controls="found"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setActive(Math.min(active + 1, found.length - 1));
          else if (event.key === "ArrowUp") setActive(Math.max(active - 1, 0));
          else if (event.key === "Enter") choose(found[active]);
          else if (event.key === "Escape") leave();
          else return;
          event.preventDefault();
        }}
      />
      {text.trim() !== "" && (
        <ul id="found" role="listbox" className="found">
          {found.map((instrument, index) => (
            <li
              key={instrument.symbol}
              role="option"
              aria-selected={index === active}
              onMouseDown={() => choose(instrument)}
            >
              <b>{instrument.symbol}</b> <span>{instrument.name}</span> <SourceBadge source={instrument.source} />
            </li>
          ))}
          {found.length === 0 && data && <li className="hint">Nothing is called “{text}”.</li>}
          {error && <li className="hint">{error}</li>}
        </ul>
      )}
    </div>
  );
}
