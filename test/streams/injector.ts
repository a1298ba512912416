import { setTimeout as delay } from "node:timers/promises";
import { Random } from "../federation/fuzz/random.ts";
import type { Fault, FaultTarget, FaultWorld } from "./faults/fault.ts";

/** Between two faults of one lane. */
const PAUSE_MS_MAX = 400;
/** A part that is being harmed is chosen for so long, then the lane waits. */
const TRIES_MAX = 20;

/** Harms and mends, several parts at a time; the seed decides what, whom and for how long. */
export class FaultInjector {
  readonly counts = new Map<string, number>();
  /** Parts that are being harmed. */
  readonly #under = new Set<string>();
  readonly #faults: readonly Fault[];
  readonly #world: FaultWorld;
  readonly #seed: number;
  #lanes = 0;

  constructor(faults: readonly Fault[], world: FaultWorld, seed: number) {
    this.#faults = faults;
    this.#world = world;
    this.#seed = seed;
  }

  get count(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** So many faults, in so many lanes side by side, until the time is over; resolves when all is mended. */
  async run(count: number, lanes: number, untilMs: number): Promise<void> {
    let left = count;
    const lane = async (random: Random) => {
      while (left > 0 && performance.now() < untilMs) {
        const choice = this.#choose(random);
        if (choice !== null) {
          left -= 1;
          await this.#harm(choice, random);
        }
        await delay(random.below(PAUSE_MS_MAX));
      }
    };
    await Promise.all(Array.from({ length: lanes }, () => lane(new Random(this.#seed + this.#lanes++))));
  }

  #choose(random: Random): { fault: Fault; target: FaultTarget } | null {
    const total = this.#faults.reduce((sum, { weight }) => sum + weight, 0);
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      let ticket = random.below(total);
      const fault = this.#faults.find(({ weight }) => (ticket -= weight) < 0)!;
      const targets = fault.targets(this.#world).filter(({ part }) => !this.#under.has(part));
      if (targets.length > 0) return { fault, target: random.pick(targets) };
    }
    return null;
  }

  async #harm({ fault, target }: { fault: Fault; target: FaultTarget }, random: Random): Promise<void> {
    this.#under.add(target.part);
    this.counts.set(fault.kind, (this.counts.get(fault.kind) ?? 0) + 1);
    const heal = await target.inflict(random);
    await delay(random.between(...fault.lastsMs));
    await heal();
    this.#under.delete(target.part);
  }
}
