import type { WindowEntry } from "@mib/stream-window/layout";
import type { StreamHub } from "../hub.ts";
import type { Position, StreamHistory, StreamSource } from "../stream-source.ts";
import { randomFrom } from "./seeded-random.ts";

export interface Faults {
  dropMessages: boolean;
  disconnect: boolean;
  loseData: boolean;
  changeEpoch: boolean;
  /** Windows lose entries that somebody still needs: by trimming, and here and there. */
  loseEntries: boolean;
}

export const CHANNELS = ["a", "b", "c"];
/** So few that trimming takes entries which somebody still needs, and so many that it never does. */
export const ENTRIES_MAX = 6;
export const ENTRIES_MAX_LONG = 1_000;

/** A store that loses messages, connections, data and epochs, each when the seed says so. */
export abstract class World {
  readonly truth = new Map<string, WindowEntry[]>(CHANNELS.map((channel) => [channel, []]));
  readonly actions: (() => void)[] = [];
  readonly random: (below: number) => number;
  hub!: StreamHub;
  connected = true;
  dropping = false;
  published = 0;
  /** The newest event of each channel that any subscriber got. */
  readonly seen = new Map<string, number>();
  dataLost = false;
  protected readonly losingEntries: boolean;
  #epochs = 0;

  constructor(seed: number, faults: Faults) {
    this.random = randomFrom(seed);
    this.dropping = faults.dropMessages;
    this.losingEntries = faults.loseEntries;
  }

  /** Whether what a cursor needs may be gone: trimmed, lost here and there, or with all data. */
  get losesEntries(): boolean {
    return this.losingEntries || this.dataLost;
  }

  /** Whether a gap may be told elsewhere than where it is: before or after some of the events around. */
  get misplacesGaps(): boolean {
    return false;
  }

  abstract readonly source: StreamSource;
  abstract readonly history: StreamHistory | null;
  /** The position that a cursor of the event stands for. */
  abstract positionOf(entry: WindowEntry): Position;
  /** Whether the channel's history of that event may be over. */
  abstract isOver(channel: string, index: number): boolean;
  /** Whether the store may have lost again what it was known to have. */
  abstract mayGoBack(channel: string): boolean;
  /** Whether the store itself forgot that it had the event: who did not get it before can't know. */
  abstract isForgotten(channel: string, index: number): boolean;
  /** Which event is the store's newest. */
  abstract headOf(channel: string): number;
  abstract disconnect(): void;
  abstract reconnect(): void;
  /** Appends and announces the next event of a channel. */
  abstract publish(channel: string): void;
  abstract loseData(): void;
  /** An entry disappears from the middle. */
  abstract loseEntry(channel: string): void;
  abstract changeEpoch(channel: string): void;
  /** What is needed for everything to come to rest. */
  heal(): void {
    this.dropping = false;
    this.reconnect();
  }

  protected newEpoch(): string {
    this.#epochs += 1;
    return `epoch${this.#epochs}`;
  }

  /** A read reaches the store some time after it was asked, and its answer comes some time after that. */
  protected answer<Value>(read: () => Value, isLost = () => false): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.actions.push(() => {
        if (!this.connected || isLost() || (this.dropping && this.random(12) === 0)) {
          reject(new Error("away"));
          return;
        }
        const value = read();
        this.actions.push(() => resolve(value));
      });
    });
  }
}
