import { createStore } from "./store.ts";

const KEY = "mib.watchlist";

/** The symbols that the analyst follows, in order; null until the first list was chosen. Kept in the browser. */
export const watchlist = createStore<readonly string[] | null>(readSaved());
watchlist.subscribe(() => localStorage.setItem(KEY, JSON.stringify(watchlist.get())));

export const selectedSymbol = createStore<string | null>(watchlist.get()?.[0] ?? null);

export function addSymbol(symbol: string): void {
  const symbols = watchlist.get() ?? [];
  if (!symbols.includes(symbol)) watchlist.set([...symbols, symbol]);
  selectedSymbol.set(symbol);
}

export function removeSymbol(symbol: string): void {
  const symbols = watchlist.get() ?? [];
  const index = symbols.indexOf(symbol);
  if (index < 0) return;
  const rest = symbols.toSpliced(index, 1);
  watchlist.set(rest);
  if (selectedSymbol.get() === symbol) selectedSymbol.set(rest[Math.min(index, rest.length - 1)] ?? null);
}

/** Moves the selection up or down by some rows and stays inside the list. */
export function moveSelection(rows: number): void {
  const symbols = watchlist.get() ?? [];
  const index = symbols.indexOf(selectedSymbol.get() ?? "");
  const next = symbols[Math.max(0, Math.min(symbols.length - 1, index + rows))];
  if (next !== undefined) selectedSymbol.set(next);
}

function readSaved(): readonly string[] | null {
  try {
    const saved: unknown = JSON.parse(localStorage.getItem(KEY) ?? "null");
    return Array.isArray(saved) && saved.length > 0 && saved.every((item) => typeof item === "string") ? saved : null;
  } catch {
    return null;
  }
}
