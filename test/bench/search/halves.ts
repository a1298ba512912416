import { createHash } from "node:crypto";

/** Whoever tunes something looks at one half only: which half an item is in depends on its id alone. */
export function halves<Item>(
  items: readonly Item[],
  idOf: (item: Item) => string,
): Record<"open" | "held-out", Item[]> {
  const isOpen = (item: Item) => createHash("sha256").update(idOf(item)).digest()[0]! % 2 === 0;
  return { open: items.filter(isOpen), "held-out": items.filter((item) => !isOpen(item)) };
}
