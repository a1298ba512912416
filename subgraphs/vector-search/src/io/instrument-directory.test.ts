import { createService } from "@mib/service/run";
import { expect, test } from "vitest";
import type { Definition } from "../domain/linking/entity.ts";
import { InstrumentDirectory } from "./instrument-directory.ts";

const BITCOIN: Definition = { symbol: "BTCUSDT", name: "Bitcoin / Tether", venueSymbol: "BTCUSDT", class: "CRYPTO" };

test("an engine that never answered is waited for once, and then not at all", async () => {
  let asked = 0;
  const directory = new InstrumentDirectory(
    createService("vector-search"),
    async () => {
      asked += 1;
      throw new Error("nobody there");
    },
    { firstAnswerMsMax: 600 },
  );
  expect((await directory.linker()).symbolsIn("Bitcoin")).toEqual([]);
  const before = asked;
  expect(before).toBeGreaterThan(1);
  for (let batch = 0; batch < 5; batch += 1) await directory.linker();
  // Asked once more where all this took longer than what is known stays fresh.
  expect(asked - before).toBeLessThanOrEqual(1);
});

test("once it was waited for in vain, nobody waits for an engine that hangs, and what it says is heard when it comes", async () => {
  const answer = Promise.withResolvers<Definition[]>();
  const directory = new InstrumentDirectory(createService("vector-search"), () => answer.promise, {
    firstAnswerMsMax: 0,
  });
  expect((await directory.linker()).symbolsIn("Bitcoin")).toEqual([]);
  answer.resolve([BITCOIN]);
  await answer.promise;
  await new Promise(setImmediate);
  expect((await directory.linker()).symbolsIn("Bitcoin")).toEqual(["BTCUSDT"]);
});

test("an engine that answers late is waited for", async () => {
  let asked = 0;
  const directory = new InstrumentDirectory(createService("vector-search"), async () => {
    asked += 1;
    if (asked < 3) throw new Error("not yet");
    return [BITCOIN];
  });
  expect((await directory.linker()).symbolsIn("Bitcoin")).toEqual(["BTCUSDT"]);
});
