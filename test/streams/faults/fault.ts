import type { StreamClient } from "../clients/stream-client.ts";
import type { Random } from "../../federation/fuzz/random.ts";
import type { Publisher } from "../publish/publisher.ts";
import type { FaultStack } from "../stack/fault-stack.ts";

/** What faults can harm. */
export interface FaultWorld {
  stack: FaultStack;
  clients: readonly StreamClient[];
  publisher: Publisher;
  /** The keys of streams that come from Redis alone. */
  redisStreams: readonly string[];
}

/** Puts right what a fault has harmed. */
export type Heal = () => unknown;

export interface FaultTarget {
  /** One part is harmed by one fault at a time. */
  part: string;
  inflict(random: Random): Heal | Promise<Heal>;
}

export interface Fault {
  kind: string;
  /** How often it is chosen, beside the others. */
  weight: number;
  /** From the harm to its mending. */
  lastsMs: readonly [least: number, most: number];
  targets(world: FaultWorld): readonly FaultTarget[];
}

/** For harm that needs no mending: what it broke has to come back by itself. */
export const nothing: Heal = () => {};
