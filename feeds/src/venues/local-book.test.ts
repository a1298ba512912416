import { Side } from "@mib/protocol/messages.generated";
import fc from "fast-check";
import { expect, test } from "vitest";
import { LocalBook } from "./local-book.ts";

const anyLevel = fc.record({
  side: fc.constantFrom(Side.BUY, Side.SELL),
  priceE9: fc.bigInt({ min: 1n, max: 30n }),
  sizeE9: fc.bigInt({ min: 0n, max: 3n }),
});

test("a book is a map of prices in order, best first, and no deeper than it may be", () => {
  fc.assert(
    fc.property(fc.array(anyLevel), fc.integer({ min: 1, max: 8 }), (levels, depth) => {
      const book = new LocalBook(depth);
      const model = { [Side.BUY]: new Map<bigint, bigint>(), [Side.SELL]: new Map<bigint, bigint>() } as const;
      for (const level of levels) {
        const side = model[level.side as typeof Side.BUY];
        book.set(level);
        if (level.sizeE9 === 0n) side.delete(level.priceE9);
        else side.set(level.priceE9, level.sizeE9);
        const removed = book.truncate();
        const keys = (of: typeof side, best: 1 | -1) => [...of.keys()].sort((a, b) => (a > b ? -best : best));
        const cut = [...keys(model[Side.BUY], 1).slice(depth), ...keys(model[Side.SELL], -1).slice(depth)];
        expect(removed.map(({ priceE9 }) => priceE9)).toEqual(cut);
        for (const price of keys(model[Side.BUY], 1).slice(depth)) model[Side.BUY].delete(price);
        for (const price of keys(model[Side.SELL], -1).slice(depth)) model[Side.SELL].delete(price);
        const expected = (of: typeof side, best: 1 | -1) =>
          keys(of, best).map((priceE9) => ({ priceE9, sizeE9: of.get(priceE9)! }));
        expect(book.bids(100)).toEqual(expected(model[Side.BUY], 1));
        expect(book.asks(100)).toEqual(expected(model[Side.SELL], -1));
        expect(book.bestBid).toEqual(book.bids(1)[0]);
        expect(book.crossed).toBe(book.bids(1).some((bid) => book.asks(1).some((ask) => bid.priceE9 >= ask.priceE9)));
      }
    }),
  );
});

test("a book that begins with a snapshot has its levels", () => {
  const level = (side: Side, priceE9: bigint) => ({ side, priceE9, sizeE9: 1n });
  const levels = [level(Side.BUY, 3n), level(Side.BUY, 2n), level(Side.SELL, 4n), level(Side.SELL, 5n)];
  expect(new LocalBook(10, levels).levels(10)).toEqual(levels);
});

test("a snapshot of very many levels is taken in any order in the time of a sort", () => {
  const levels = Array.from({ length: 100_000 }, (_, at) => [
    { side: Side.BUY, priceE9: BigInt(at + 1), sizeE9: 1n },
    { side: Side.SELL, priceE9: BigInt(1_000_000 - at), sizeE9: 1n },
  ]).flat();
  const book = new LocalBook(10, levels);
  expect([book.bestBid?.priceE9, book.bestAsk?.priceE9]).toEqual([100_000n, 900_001n]);
});
