import { createStore } from "./store.ts";

export type Theme = "dark" | "light";

const KEY = "mib.theme";
const saved = localStorage.getItem(KEY);

/** Dark or light: what was chosen before, else what the system prefers. */
export const theme = createStore<Theme>(
  saved === "dark" || saved === "light"
    ? saved
    : matchMedia("(prefers-color-scheme: light)").matches
      ? "light"
      : "dark",
);

const apply = () => (document.documentElement.dataset.theme = theme.get());
apply();
theme.subscribe(() => {
  apply();
  localStorage.setItem(KEY, theme.get());
});

export function toggleTheme(): void {
  theme.set(theme.get() === "dark" ? "light" : "dark");
}

/** A colour of the page's style sheet, for what is drawn on a canvas. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
