import { kafkaFields } from "@mib/events/kafka";
import { engineAddressesField } from "@mib/protocol/engine-addresses";
import { field, readConfig } from "@mib/service/config";
import { subgraphConfig } from "@mib/subgraph-server/subgraph-config";

const fields = {
  ...subgraphConfig(4001),
  ...kafkaFields,
  ENGINE_ADDRESS: engineAddressesField(),
  ENGINE_CONNECTIONS: field.count(2, { least: 1, most: 32 }),
  ENGINE_TIMEOUT_MS: field.milliseconds(2_000, { least: 10 }),
  /** How many bars, trades, price levels and readings one request may hold, over all its lists: one list has 10 000 at most. */
  ANSWER_ROWS_MAX: field.count(100_000, { least: 10_000 }),
  /** How long bars are kept, counted back from the newest; whole months (M1, M5) or years (H1, D1) are dropped. */
  BARS_M1_RETENTION_DAYS: field.count(60, { least: 1, most: 36_500 }),
  BARS_M5_RETENTION_DAYS: field.count(365, { least: 1, most: 36_500 }),
  BARS_H1_RETENTION_DAYS: field.count(3_650, { least: 1, most: 36_500 }),
  BARS_D1_RETENTION_DAYS: field.count(36_500, { least: 1, most: 36_500 }),
  /** How long readings of sensors are kept, counted back from the newest; whole months are dropped. */
  SENSOR_READINGS_RETENTION_DAYS: field.count(365, { least: 1, most: 36_500 }),
  /** How long trades are kept, counted back from the newest, and how much room they may take with their indexes; six hours are dropped at a time. */
  TRADES_RETENTION_DAYS: field.count(30, { least: 1, most: 36_500 }),
  TRADES_BYTES_MAX: field.count(1_073_741_824, { least: 1_048_576 }),
};

export function readMarketDataConfig() {
  return readConfig(fields);
}
