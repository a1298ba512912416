import { MARKET_PARTITIONS } from "./messages.generated.ts";

/** Number `index` of `count` engines that share the instruments. */
export interface Shard {
  index: number;
  count: number;
}

/** What fits into a message. */
const SYMBOL_BYTES_MAX = 40;
const MULTIPLIER = 0x5bd1e995;

const encoder = new TextEncoder();

/** The partition of a topic that records with this key are in: murmur2, as Kafka's own clients and the engine have it. */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(encoder.encode(key)) & 0x7fff_ffff) % partitions;
}

/** Which of `count` engines has the symbol: the one that has its partition. */
export function shardOf(symbol: string, count: number): number {
  if (count === 1) return 0;
  const bytes = new Uint8Array(SYMBOL_BYTES_MAX);
  const { written } = encoder.encodeInto(symbol, bytes);
  return ((murmur2(bytes.subarray(0, written)) & 0x7fff_ffff) % MARKET_PARTITIONS) % count;
}

/** The shards behind a list of addresses, in their order. Throws a RangeError for no address, or more than there are partitions. */
export function shardsOf(addresses: readonly string[]): Shard[] {
  const count = addresses.length;
  if (count === 0 || count > MARKET_PARTITIONS)
    throw new RangeError(`engines have 1 to ${MARKET_PARTITIONS} addresses, and here are ${count}`);
  return addresses.map((_, index) => ({ index, count }));
}

function murmur2(data: Uint8Array): number {
  const { length } = data;
  const whole = length & ~3;
  let hash = 0x9747b28c ^ length;
  for (let at = 0; at < whole; at += 4) {
    let word = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
    word = Math.imul(word, MULTIPLIER);
    word ^= word >>> 24;
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER);
  }
  if (whole < length) {
    for (let at = length - 1; at >= whole; at -= 1) hash ^= data[at]! << (8 * (at - whole));
    hash = Math.imul(hash, MULTIPLIER);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MULTIPLIER);
  return hash ^ (hash >>> 15);
}
