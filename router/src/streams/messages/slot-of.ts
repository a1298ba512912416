import { Command } from "ioredis";

/** The slot of Redis Cluster that a channel or key is in. */
export const slotOf = (name: string): number => new Command("ssubscribe", [name]).getSlot();
