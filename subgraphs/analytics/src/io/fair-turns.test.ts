import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FairTurns, type Turn } from "./fair-turns.ts";

const of = (caller: string | null): Turn => ({ caller, signal: new AbortController().signal });

test("one query waits for what runs and one piece of who sent fifty, not for the fifty", async () => {
  const turns = new FairTurns({ atOnceMax: 1 });
  const begun: string[] = [];
  const ask = (caller: string) => turns.take(of(caller), 1, () => void begun.push(caller));
  const flood = Array.from({ length: 50 }, () => ask("flood"));
  await nextTurn();
  const before = begun.length;
  await ask("single");
  expect(begun.length - before).toBeLessThanOrEqual(2);
  expect(begun.at(-1)).toBe("single");
  await Promise.all(flood);
});

test("costs count: who asks for little at a time gets more turns", async () => {
  const turns = new FairTurns({ atOnceMax: 1 });
  const begun: string[] = [];
  const ask = (caller: string, cost: number) => turns.take(of(caller), cost, () => void begun.push(caller));
  await Promise.all([
    ...Array.from({ length: 3 }, () => ask("large", 10)),
    ...Array.from({ length: 20 }, () => ask("small", 1)),
  ]);
  expect(begun.slice(0, 12).filter((caller) => caller === "large")).toHaveLength(2);
});

test("what one caller, and all together, may have waiting is bounded, and others are not refused for one", async () => {
  const turns = new FairTurns({ atOnceMax: 1, waitingOfOneMax: 3, waitingMax: 5 });
  const ask = (caller: string | null) => turns.take(of(caller), 1, () => "done");
  const asked = ["a", "a", "a", "a", "a", "b", "b", "c"].map(ask);
  const ended = await Promise.allSettled(asked);
  const refused = ended.flatMap((end, at) => (end.status === "rejected" ? [[at, end.reason.code]] : []));
  // The first runs, three of it wait, the next is one too many; two of b make five, c is beyond.
  expect(refused).toEqual([
    [4, "ANALYTICS_QUEUE_FULL"],
    [7, "ANALYTICS_QUEUE_FULL"],
  ]);
  expect(await ask("c")).toBe("done");
});

test("who is gone waits no longer, and makes room", async () => {
  const turns = new FairTurns({ atOnceMax: 1, waitingOfOneMax: 1 });
  const client = new AbortController();
  const running = turns.take(of("a"), 1, () => nextTurn());
  const gone = turns.take({ caller: "a", signal: client.signal }, 1, () => expect.unreachable());
  expect(turns.waiting).toBe(1);
  client.abort(new Error("gone"));
  await expect(gone).rejects.toThrow("gone");
  expect(turns.waiting).toBe(0);
  await turns.take(of("a"), 1, () => {});
  await running;
  await expect(turns.take({ caller: "a", signal: client.signal }, 1, () => {})).rejects.toThrow("gone");
});

test("what fails is its own failure, and the next one begins", async () => {
  const turns = new FairTurns({ atOnceMax: 1 });
  const failing = turns.take(of("a"), 1, () => {
    throw new Error("no");
  });
  const next = turns.take(of("a"), 1, () => 2);
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe(2);
});

interface Step {
  caller: number;
  cost: number;
  /** Turns of the event loop before the next step. */
  pause: number;
  leaves: boolean;
}
const COST_MAX = 20;
const steps = fc.array(
  fc.record({
    caller: fc.nat(3),
    cost: fc.integer({ min: 1, max: COST_MAX }),
    pause: fc.constantFrom(0, 0, 0, 0, 1, 3),
    leaves: fc.constantFrom(false, false, false, true),
  }) satisfies fc.Arbitrary<Step>,
  { minLength: 1, maxLength: 60 },
);

interface Piece {
  caller: number;
  cost: number;
  leaves: boolean;
  /** How many pieces had begun when it came, and when it began. */
  came: number;
  began: number;
}

/** Plays steps: what leaves does so before its turn can come. Which pieces there were, and which began in which order. */
async function play(
  given: readonly Step[],
  atOnceMax: number,
): Promise<{ pieces: Piece[]; order: Piece[]; atOnce: number }> {
  const turns = new FairTurns({ atOnceMax });
  const order: Piece[] = [];
  let [running, atOnce] = [0, 0];
  const pieces: Piece[] = [];
  const asked: Promise<unknown>[] = [];
  for (const { caller, cost, pause, leaves } of given) {
    const client = new AbortController();
    const piece: Piece = { caller, cost, leaves, came: order.length, began: -1 };
    pieces.push(piece);
    const taken = turns.take({ caller: String(caller), signal: client.signal }, cost, async () => {
      piece.began = order.length;
      order.push(piece);
      running += 1;
      atOnce = Math.max(atOnce, running);
      await nextTurn();
      running -= 1;
    });
    asked.push(taken.catch(() => {}));
    if (leaves && piece.began < 0) client.abort(new Error("gone"));
    for (let turn = 0; turn < pause; turn++) await nextTurn();
  }
  await Promise.all(asked);
  return { pieces, order, atOnce };
}

test("whatever comes and goes: all that stays is done, each caller's in its order, never more at once than may be", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), async (given, atOnceMax) => {
      const { pieces, order, atOnce } = await play(given, atOnceMax);
      expect(atOnce).toBeLessThanOrEqual(atOnceMax);
      for (const piece of pieces) if (!piece.leaves) expect(piece.began).toBeGreaterThanOrEqual(0);
      for (const caller of [0, 1, 2, 3]) {
        const own = order.filter((piece) => piece.caller === caller);
        expect(own).toEqual(pieces.filter((piece) => piece.caller === caller && piece.began >= 0));
      }
    }),
    { numRuns: 60 },
  );
});

test("while two callers wait, neither is given more than the other by more than two pieces", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      const { pieces, order } = await play(given, 1);
      /** Whether a caller has something waiting just before the piece of this number begins. */
      const waits = (caller: number, at: number) =>
        pieces.some((piece) => piece.caller === caller && piece.came <= at && piece.began >= at);
      for (let from = 0; from < order.length; from++) {
        for (const [a, b] of [
          [0, 1],
          [0, 2],
          [1, 2],
          [2, 3],
        ] as const) {
          const had = [0, 0];
          for (let at = from; at < order.length && waits(a, at) && waits(b, at); at++) {
            if (order[at]!.caller === a) had[0]! += order[at]!.cost;
            if (order[at]!.caller === b) had[1]! += order[at]!.cost;
            expect(Math.abs(had[0]! - had[1]!)).toBeLessThanOrEqual(2 * COST_MAX);
          }
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("whose caller had nothing since the queue was empty waits for at most one piece of each other caller, and what runs", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      const { pieces, order } = await play(given, 1);
      for (const piece of pieces) {
        const isFirst = pieces.find(({ caller }) => caller === piece.caller) === piece;
        if (!isFirst || piece.began < 0) continue;
        const between = order.slice(piece.came, piece.began).map(({ caller }) => caller);
        expect(between.length).toBe(new Set(between).size);
      }
    }),
    { numRuns: 100 },
  );
});
