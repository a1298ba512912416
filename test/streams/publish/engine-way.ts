import { FeedSession } from "@mib/protocol/feed-session";
import { DataSource, InstrumentClass } from "@mib/protocol/messages.generated";
import { type TestChannel, valueOf } from "./channels.ts";
import type { PublishingWay } from "./way.ts";

const NANOS = 1_000_000_000n;

/** Trades, as a feed writes them into the engine, which publishes them. */
export async function engineWay(address: string, channels: readonly TestChannel[]): Promise<PublishingWay> {
  const session = new FeedSession({
    address,
    session: channels[0]!.name,
    feed: "faults",
    source: DataSource.SIMULATED,
  });
  await session.start();
  const instruments = new Map(
    channels.map(({ name }) => [
      name,
      session.defineInstrument({
        symbol: name,
        name,
        venue: "TEST",
        venueSymbol: name,
        class: InstrumentClass.CRYPTO,
        source: DataSource.SIMULATED,
      }),
    ]),
  );
  return {
    /** The session keeps and repeats what the engine does not have on disk: what is written once is never lost. */
    async send({ name }, first, count) {
      for (let n = first; n < first + count; n++)
        session.trade({
          instrumentId: instruments.get(name)!,
          tsEventNanos: BigInt(Date.now()) * 1_000_000n,
          tradeId: BigInt(n),
          priceE9: BigInt(valueOf(n)) * NANOS,
          sizeE9: NANOS,
        });
      await session.flush();
    },
    repeats: false,
    mayLose: false,
    stop: () => session.close(),
  };
}
