import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { InFlight } from "./in-flight.ts";

test("however work comes and ends, no more than the bound is under way, all of it in turn, and what is too large alone", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({ units: fc.integer({ min: 0, max: 12 }), turns: fc.nat(5), pauses: fc.nat(3), fails: fc.boolean() }),
        {
          maxLength: 30,
        },
      ),
      async (works) => {
        const inFlight = new InFlight(10);
        const [begun, underWay]: [number[], Map<number, number>] = [[], new Map()];
        const results: Promise<unknown>[] = [];
        for (const [index, { units, turns, pauses, fails }] of works.entries()) {
          const result = inFlight.run(units, async () => {
            begun.push(index);
            underWay.set(index, units);
            const sum = [...underWay.values()].reduce((total, each) => total + each, 0);
            if (sum > 10) expect([...underWay.values()].filter((each) => each > 0)).toEqual([units]);
            for (let n = 0; n < turns; n++) await turn();
            underWay.delete(index);
            if (fails) throw new Error("failed");
            return index;
          });
          results.push(
            result.then(
              (value) => expect(value).toBe(index),
              (error: Error) => expect(error.message).toBe("failed"),
            ),
          );
          for (let n = 0; n < pauses; n++) await turn();
        }
        await Promise.all(results);
        expect(begun).toEqual(works.map((_, index) => index));
      },
    ),
  );
});
