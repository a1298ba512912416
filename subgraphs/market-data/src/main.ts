import { createKafka } from "@mib/events/kafka";
import { runService } from "@mib/service/run";
import { openDatabase } from "@mib/subgraph-server/database";
import { startSubgraph } from "@mib/subgraph-server/start-subgraph";
import { readMarketDataConfig } from "./config.ts";
import { startBarWriter } from "./io/bar-writer.ts";
import { startSensorWriter } from "./io/sensor-writer.ts";
import { startTradeWriter } from "./io/trade-writer.ts";
import { marketDataSubgraph } from "./subgraph.ts";

await runService("market-data", async (service) => {
  const config = readMarketDataConfig();
  const database = await openDatabase(service, {
    url: config.DATABASE_URL,
    schema: "market_data",
    migrations: new URL("../migrations/", import.meta.url),
    connectionsMax: config.DATABASE_CONNECTIONS_MAX,
  });
  const { history, definitions, readings, options } = await marketDataSubgraph(service, {
    database,
    engine: {
      addresses: config.ENGINE_ADDRESS,
      connections: config.ENGINE_CONNECTIONS,
      timeoutMs: config.ENGINE_TIMEOUT_MS,
    },
    answerRowsMax: config.ANSWER_ROWS_MAX,
  });
  const kafka = createKafka(config, "market-data", service.log);
  await startBarWriter(service, {
    kafka,
    database,
    bars: history,
    retentionDays: {
      M1: config.BARS_M1_RETENTION_DAYS,
      M5: config.BARS_M5_RETENTION_DAYS,
      H1: config.BARS_H1_RETENTION_DAYS,
      D1: config.BARS_D1_RETENTION_DAYS,
    },
  });
  await startSensorWriter(service, {
    kafka,
    database,
    sensors: definitions,
    readings,
    retentionDays: config.SENSOR_READINGS_RETENTION_DAYS,
  });
  await startTradeWriter(service, {
    kafka,
    database,
    retention: { days: config.TRADES_RETENTION_DAYS, bytesMax: config.TRADES_BYTES_MAX },
  });
  await startSubgraph(service, config, options);
});
