import { crc32 } from "node:zlib";
import type { LocalBook } from "../local-book.ts";

export interface Precision {
  /** Decimal places of the pair's prices and sizes. */
  price: number;
  size: number;
}

const LEVELS = 10;
const PLACES = 9;

/**
 * CRC32 of the ten best offers, then the ten best bids, best first: price and size of each with all the pair's decimal places,
 * without the point and without leading zeros (docs.kraken.com/api/docs/guides/spot-ws-book-v2).
 */
export function bookChecksum(book: LocalBook, precision: Precision): number {
  // Units of the last decimal place are these digits.
  const priceUnit = 10n ** BigInt(PLACES - precision.price);
  const sizeUnit = 10n ** BigInt(PLACES - precision.size);
  let digits = "";
  for (const { priceE9, sizeE9 } of [...book.asks(LEVELS), ...book.bids(LEVELS)])
    digits += `${priceE9 / priceUnit}${sizeE9 / sizeUnit}`;
  return crc32(digits);
}
