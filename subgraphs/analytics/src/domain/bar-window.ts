/** A final bar as analytics needs it. Floats: indicators are statistics, not money. */
export interface WindowBar {
  openedAtMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  revision: number;
}

/** Numbers that a bar takes when a window is packed. */
const NUMBERS_PER_BAR = 7;
const BYTES_PER_BAR = NUMBERS_PER_BAR * Float64Array.BYTES_PER_ELEMENT;

/** The newest final bars of one instrument and interval, oldest first, at most `barsMax`. */
export class BarWindow {
  readonly #bars: WindowBar[] = [];
  readonly #barsMax: number;
  #generation = 0;

  constructor(barsMax: number) {
    this.#barsMax = barsMax;
  }

  get bars(): readonly WindowBar[] {
    return this.#bars;
  }

  /** Changes when bars that were there are not what they were: then what was made of them must be made anew. */
  get generation(): number {
    return this.#generation;
  }

  /** The bars that opened after a time, oldest first. */
  after(openedAtMs: number): readonly WindowBar[] {
    return this.#bars.slice(this.#indexOf(openedAtMs + 1));
  }

  get last(): WindowBar | undefined {
    return this.#bars.at(-1);
  }

  /**
   * Takes a bar: at the end when it is newer, in place of the same interval when it is a later revision, in its place when
   * it is older than the last. Returns whether it is now the newest. Repeats change nothing.
   */
  add(bar: WindowBar): boolean {
    const bars = this.#bars;
    const last = bars.at(-1);
    if (last === undefined || bar.openedAtMs > last.openedAtMs) {
      bars.push(bar);
      // Trimmed in steps, so that a shift is not paid for each bar.
      if (bars.length >= this.#barsMax * 1.25) bars.splice(0, bars.length - this.#barsMax);
      return true;
    }
    const index = this.#indexOf(bar.openedAtMs);
    const there = bars[index];
    if (there?.openedAtMs !== bar.openedAtMs) {
      if (index > 0 || bars.length < this.#barsMax) {
        bars.splice(index, 0, bar);
        this.#generation += 1;
      }
      return false;
    }
    if (bar.revision <= there.revision) return false;
    bars[index] = bar;
    this.#generation += 1;
    return index === bars.length - 1;
  }

  /** The window as bytes: seven 64-bit floats a bar, little-endian. */
  pack(): Buffer {
    const kept = this.#bars.slice(-this.#barsMax);
    const numbers = new Float64Array(kept.length * NUMBERS_PER_BAR);
    kept.forEach((bar, index) => {
      numbers.set(
        [bar.openedAtMs, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.revision],
        index * NUMBERS_PER_BAR,
      );
    });
    return Buffer.from(numbers.buffer);
  }

  /** The window that these bytes were packed from; null where they can't be one. */
  static unpack(bytes: Buffer, barsMax: number): BarWindow | null {
    if (bytes.length % BYTES_PER_BAR !== 0) return null;
    const window = new BarWindow(barsMax);
    // A copy of its own: a buffer from the database may not be aligned for floats.
    const numbers = new Float64Array(new Uint8Array(bytes).buffer);
    for (let at = 0; at < numbers.length; at += NUMBERS_PER_BAR) {
      const own = numbers.subarray(at, at + NUMBERS_PER_BAR);
      const [openedAtMs, open, high, low, close, volume, revision] = own as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      const isSound = own.every(Number.isFinite) && Number.isInteger(openedAtMs) && Number.isInteger(revision);
      if (!isSound || openedAtMs <= (window.last?.openedAtMs ?? -Infinity)) return null;
      window.#bars.push({ openedAtMs, open, high, low, close, volume, revision });
    }
    return window;
  }

  /** Where a bar of this time is, or would be. */
  #indexOf(openedAtMs: number): number {
    let low = 0;
    let high = this.#bars.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#bars[middle]!.openedAtMs < openedAtMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
