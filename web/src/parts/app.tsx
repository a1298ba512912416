import { useEffect, useRef, useState } from "react";
import { useShortcuts } from "../keyboard.ts";
import { useStore } from "../store.ts";
import { toggleTheme } from "../theme.ts";
import type { Interval } from "../types.ts";
import { moveSelection, removeSymbol, selectedSymbol } from "../watchlist.ts";
import { Account } from "./account.tsx";
import { Alerts } from "./alerts.tsx";
import { Header, type Dialog } from "./header.tsx";
import { Help } from "./help.tsx";
import { Inbox, useNotifications } from "./inbox.tsx";
import { InstrumentView, INTERVALS } from "./instrument-view.tsx";
import { News } from "./news.tsx";
import { Toasts } from "./toasts.tsx";
import { Watchlist } from "./watchlist.tsx";

const TABS = ["News", "Alerts", "Inbox"] as const;
type Tab = (typeof TABS)[number];

export function App() {
  const symbol = useStore(selectedSymbol);
  const [interval, setInterval] = useState<Interval>("M1");
  const [tab, setTab] = useState<Tab>("News");
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const notifications = useNotifications();

  useShortcuts({
    ArrowUp: () => moveSelection(-1),
    ArrowDown: () => moveSelection(1),
    k: () => moveSelection(-1),
    j: () => moveSelection(1),
    Delete: () => symbol !== null && removeSymbol(symbol),
    "/": () => search.current?.focus(),
    n: () => setTab("News"),
    a: () => setTab("Alerts"),
    i: () => setTab("Inbox"),
    l: () => setDialog("account"),
    t: toggleTheme,
    "?": () => setDialog("help"),
    ...Object.fromEntries(INTERVALS.map(({ id }, index) => [String(index + 1), () => setInterval(id)])),
  });
  useEffect(
    () => void (document.title = symbol === null ? "Market Intel Brain" : `${symbol} · Market Intel Brain`),
    [symbol],
  );

  return (
    <div className="page">
      <Header searchRef={search} onDialog={setDialog} />
      <Watchlist />
      <main className="stage">
        {symbol === null ? (
          <p className="empty">
            Choose an instrument on the left, or press <kbd>/</kbd> and type its name.
          </p>
        ) : (
          <InstrumentView symbol={symbol} interval={interval} onInterval={setInterval} />
        )}
      </main>
      <aside className="side">
        <div className="tabs" role="tablist" aria-label="News, alerts and inbox">
          {TABS.map((name) => (
            <button key={name} role="tab" aria-selected={tab === name} onClick={() => setTab(name)}>
              {name}
              {name === "Inbox" && notifications.unread > 0 && (
                <span className="count" aria-label={`${notifications.unread} unread`}>
                  {notifications.unread}
                </span>
              )}
            </button>
          ))}
        </div>
        <div className="panel" role="tabpanel" aria-label={tab}>
          {tab === "News" && <News symbol={symbol} />}
          {tab === "Alerts" && <Alerts symbol={symbol} onLogIn={() => setDialog("account")} />}
          {tab === "Inbox" && <Inbox notifications={notifications} onLogIn={() => setDialog("account")} />}
        </div>
      </aside>
      <Toasts />
      {dialog === "account" && <Account onClose={() => setDialog(null)} />}
      {dialog === "help" && <Help onClose={() => setDialog(null)} />}
    </div>
  );
}
