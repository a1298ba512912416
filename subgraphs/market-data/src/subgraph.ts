import { EngineShards, type EngineShardsOptions } from "@mib/protocol/engine-shards";
import type { Service } from "@mib/service/run";
import type { Database } from "@mib/subgraph-server/database";
import type { SubgraphOptions } from "@mib/subgraph-server/start-subgraph";
import { createContext, type Context } from "./context.ts";
import { BarReader } from "./domain/bar-reader.ts";
import { TradeReader } from "./domain/trade-reader.ts";
import { EngineMarket } from "./io/engine-market.ts";
import { InstrumentDirectory } from "./io/instrument-directory.ts";
import { PostgresBars } from "./io/postgres-bars.ts";
import { PostgresInstruments } from "./io/postgres-instruments.ts";
import { PostgresReadings } from "./io/postgres-readings.ts";
import { PostgresSensors } from "./io/postgres-sensors.ts";
import { PostgresTrades, type PostgresTradesOptions } from "./io/postgres-trades.ts";
import { resolvers } from "./resolvers/resolvers.ts";

/** Puts the reading parts together: the engine or several, the directory of instruments, history. */
export async function marketDataSubgraph(
  service: Service,
  given: {
    database: Database;
    engine: EngineShardsOptions;
    answerRowsMax: number;
    tradesTopic?: PostgresTradesOptions["topic"];
  },
): Promise<{
  history: PostgresBars;
  definitions: PostgresSensors;
  readings: PostgresReadings;
  options: SubgraphOptions<Context>;
}> {
  const engines = new EngineShards(given.engine);
  service.onShutdown("engine client", () => engines.close());
  const market = new EngineMarket(engines);
  const history = new PostgresBars(given.database);
  const instruments = await InstrumentDirectory.start(service, market, new PostgresInstruments(given.database));
  const definitions = new PostgresSensors(given.database);
  const readings = new PostgresReadings(given.database);
  const trades = new PostgresTrades({ database: given.database, topic: given.tradesTopic });
  const parts = {
    market,
    instruments,
    bars: new BarReader(market, history),
    trades: new TradeReader(market, trades),
    definitions,
    readings,
  };
  return {
    history,
    definitions,
    readings,
    options: {
      schemaFile: new URL("../schema.graphql", import.meta.url),
      resolvers,
      context: () => createContext(parts, { answerRowsMax: given.answerRowsMax }),
    },
  };
}
