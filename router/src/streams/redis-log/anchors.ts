import { FIRST_ID } from "@mib/stream-window/layout";
import type { LogPlace } from "./log-page.ts";

const LEVELS = 10;
const STEP = 4;

/**
 * Some of the places that a stream was at: the oldest, a few of the last, and ever fewer of those between. At each level there
 * are two of them, so that the older one is at least as far back as the level is wide.
 */
export class Anchors {
  #first: LogPlace | null = null;
  #levels: { newer: LogPlace; older: LogPlace }[] = [];
  #count = 0;

  note(place: LogPlace): void {
    const { id, count } = place;
    if (count === null || id === FIRST_ID) return;
    if (this.#levels.length === 0)
      this.#levels = Array.from({ length: LEVELS }, () => ({ newer: place, older: place }));
    for (let level = 0, width = 1; level < LEVELS; level++, width *= STEP) {
      if (Math.floor(count / width) === Math.floor(this.#count / width)) break;
      this.#levels[level] = { newer: place, older: this.#levels[level]!.newer };
    }
    this.#count = count;
  }

  /** The first one that is left, as it was when it was read first. */
  noteFirst(place: LogPlace): void {
    this.#first ??= place;
  }

  places(): LogPlace[] {
    const all = [this.#first, ...this.#levels.flatMap(({ newer, older }) => [newer, older])];
    return [...new Set(all)].filter((place) => place !== null);
  }
}
