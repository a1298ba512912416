/** Random choices from a seed: the same ones for the same seed, everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = hashOf(seed);
  }

  /** From 0 up to but not including `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    return mix(this.#state) % end;
  }

  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Some of a list in its order, at least `least`. */
  some<T>(list: readonly T[], least: number, most: number): T[] {
    const left = list.map((_, index) => index);
    const count = Math.min(list.length, this.between(least, Math.max(least, most)));
    const taken = Array.from({ length: count }, () => left.splice(this.below(left.length), 1)[0]!);
    return taken.sort((one, other) => one - other).map((index) => list[index]!);
  }
}

/** A number of 32 bits that looks random and depends on all parts. */
export function hashOf(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const character of parts.join("\0")) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  return mix(hash);
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 15), value | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return (mixed ^ (mixed >>> 14)) >>> 0;
}
