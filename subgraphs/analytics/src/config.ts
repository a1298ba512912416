import { kafkaFields } from "@mib/events/kafka";
import { engineAddressesField } from "@mib/protocol/engine-addresses";
import { field, readConfig } from "@mib/service/config";
import { subgraphConfig } from "@mib/subgraph-server/subgraph-config";

export function readAnalyticsConfig() {
  return readConfig({
    ...subgraphConfig(4002),
    ...kafkaFields,
    /** How often windows and positions are saved: what a restart reads again is at most this old. */
    WINDOWS_SAVE_MS: field.milliseconds(10_000, { least: 100 }),
    /** Training and backtests that run at a time, each in a thread. */
    MODEL_THREADS: field.count(1, { least: 1, most: 64 }),
    MODEL_JOB_TIMEOUT_MS: field.milliseconds(300_000, { least: 1_000 }),
    /** Who says of which class instruments are. */
    ENGINE_ADDRESS: engineAddressesField(),
    ENGINE_TIMEOUT_MS: field.milliseconds(2_000, { least: 10 }),
  });
}
