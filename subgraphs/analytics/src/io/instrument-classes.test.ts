import { EngineShards } from "@mib/protocol/engine-shards";
import { FeedSession } from "@mib/protocol/feed-session";
import { DataSource, InstrumentClass } from "@mib/protocol/messages.generated";
import { startEngine } from "@mib/protocol/testing/engine-process";
import { createService } from "@mib/service/run";
import { eventually } from "@mib/testkit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { definedClasses, InstrumentClasses } from "./instrument-classes.ts";

const service = createService("analytics");

test("classes are as the engine defines them", async () => {
  const engine = await startEngine();
  onTestFinished(() => void engine.stop());
  const session = new FeedSession({
    address: engine.address,
    session: "classes",
    feed: "test",
    source: DataSource.SIMULATED,
  });
  await session.start();
  onTestFinished(() => session.close());
  const define = (symbol: string, kind: InstrumentClass) =>
    session.defineInstrument({
      symbol,
      name: symbol,
      venue: "TEST",
      venueSymbol: symbol,
      class: kind,
      source: DataSource.SIMULATED,
    });
  define("BTCUSDT", InstrumentClass.CRYPTO);
  define("EURUSD", InstrumentClass.FX);
  const engines = new EngineShards({ addresses: [engine.address] });
  onTestFinished(() => engines.close());
  await eventually(
    async () =>
      expect(await definedClasses(engines)).toEqual(
        new Map([
          ["BTCUSDT", "CRYPTO"],
          ["EURUSD", "FX"],
        ]),
      ),
    { deadlineMs: 20_000 },
  );
});

test("all who want to know at a time ask once, and again only when what is known is old", async () => {
  let asked = 0;
  const classes = new InstrumentClasses(service, async () => {
    asked += 1;
    return new Map([["A", "FX"]]);
  });
  const answers = await Promise.all([classes.known(), classes.known()]);
  expect(answers.map((known) => known.get("A"))).toEqual(["FX", "FX"]);
  expect(asked).toBe(1);
});

test("one that does not answer is no failure, and is asked again", async () => {
  let answers = false;
  const classes = new InstrumentClasses(service, async () => {
    if (!answers) throw new Error("nobody there");
    return new Map([["A", "FX"]]);
  });
  expect((await classes.known()).size).toBe(0);
  answers = true;
  await eventually(async () => expect((await classes.known()).get("A")).toBe("FX"), { deadlineMs: 20_000 });
});
