import { setTimeout as delay } from "node:timers/promises";

export type Speed = number | "max";

/** Keeps the distance between messages as it was when they were recorded, divided by the speed. */
export class Pace {
  readonly #speed: Speed;
  readonly #nowMs: () => number;
  #anchor: { nowMs: number; atNanos: bigint } | null = null;

  constructor(speed: Speed, nowMs: () => number = () => performance.now()) {
    this.#speed = speed;
    this.#nowMs = nowMs;
  }

  /** The next message counts as due now. */
  restart(): void {
    this.#anchor = null;
  }

  /** Milliseconds until a message is due; below zero: it is late. */
  dueInMs(atNanos: bigint): number {
    if (this.#speed === "max") return 0;
    this.#anchor ??= { nowMs: this.#nowMs(), atNanos };
    return this.#anchor.nowMs + Number(atNanos - this.#anchor.atNanos) / 1e6 / this.#speed - this.#nowMs();
  }

  /** Waits until a message is due. */
  async wait(atNanos: bigint, signal: AbortSignal): Promise<void> {
    for (let ms = this.dueInMs(atNanos); ms >= 1; ms = this.dueInMs(atNanos))
      await delay(Math.min(ms, 60_000), undefined, { signal });
  }
}
