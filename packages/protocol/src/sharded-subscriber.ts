import {
  EngineSubscriber,
  type EngineSubscriberOptions,
  type SubscriberEvent,
  type SubscriberPosition,
} from "./engine-subscriber.ts";
import { shardOf, shardsOf, type Shard } from "./shard.ts";

export interface ShardedSubscriberOptions extends Omit<
  EngineSubscriberOptions,
  "address" | "shard" | "resume" | "onTrouble"
> {
  /** Of all engines, in the order of their shards. */
  addresses: readonly string[];
  /** `position` of another one with as many engines. */
  resume?: readonly (SubscriberPosition | null)[];
  onTrouble?(error: Error, shard: Shard): void;
}

/** What came of one engine's inputs. Sequences of two engines have no order. */
export interface ShardEvents {
  shard: number;
  events: SubscriberEvent[];
}

type Arrived = { shard: number } & (
  | { events: SubscriberEvent[]; position: SubscriberPosition | null }
  | { error: unknown }
  | { ended: true }
);

/**
 * A subscription to each of the engines that have any of the symbols: iterate over it. Of each engine the events come in order and
 * without a hole, as an `EngineSubscriber` has them, and one that is away holds up none of the others'. The iteration fails when one
 * of them does.
 */
export class ShardedSubscriber implements AsyncIterable<ShardEvents> {
  /** By shard; null: none of the symbols is of it. */
  readonly #subscribers: readonly (EngineSubscriber | null)[];
  readonly #positions: (SubscriberPosition | null)[];

  constructor({ addresses, symbols, resume, onTrouble, ...options }: ShardedSubscriberOptions) {
    const shards = shardsOf(addresses);
    if (resume && resume.length !== shards.length)
      throw new RangeError(`the position is one of ${resume.length} engines, and here are ${shards.length}`);
    this.#positions = shards.map(({ index }) => resume?.[index] ?? null);
    this.#subscribers = shards.map((shard) => {
      const own =
        symbols === "ALL" ? symbols : symbols.filter((symbol) => shardOf(symbol, shard.count) === shard.index);
      if (own.length === 0) return null;
      const position = this.#positions[shard.index];
      return new EngineSubscriber({
        ...options,
        address: addresses[shard.index]!,
        shard,
        symbols: own,
        onTrouble: (error) => onTrouble?.(error, shard),
        ...(position && { resume: position }),
      });
    });
  }

  /** Where it stands with what has been handed out, by shard; null: at the beginning. */
  get position(): (SubscriberPosition | null)[] {
    return [...this.#positions];
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ShardEvents, void, undefined> {
    const arrived: Arrived[] = [];
    let wake = (): void => {};
    const iterators = this.#subscribers.map((subscriber) => subscriber?.[Symbol.asyncIterator]());
    // One batch of each engine is asked for at a time, so that each keeps to its own window.
    const ask = async (shard: number): Promise<void> => {
      try {
        const { done, value } = await iterators[shard]!.next();
        const position = this.#subscribers[shard]!.position;
        arrived.push(done ? { shard, ended: true } : { shard, events: value, position });
      } catch (error) {
        arrived.push({ shard, error });
      }
      wake();
    };
    let running = 0;
    for (const [shard, iterator] of iterators.entries()) {
      if (!iterator) continue;
      running += 1;
      void ask(shard);
    }
    try {
      while (running > 0) {
        const next = arrived.shift();
        if (!next) await new Promise<void>((resolve) => (wake = resolve));
        else if ("error" in next) throw next.error;
        else if ("ended" in next) running -= 1;
        else {
          this.#positions[next.shard] = next.position;
          yield { shard: next.shard, events: next.events };
          void ask(next.shard);
        }
      }
    } finally {
      this.close();
    }
  }

  /** Ends the iteration, after what has been received. */
  close(): void {
    for (const subscriber of this.#subscribers) subscriber?.close();
  }
}
