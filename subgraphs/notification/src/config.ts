import { kafkaFields } from "@mib/events/kafka";
import { field, readConfig } from "@mib/service/config";
import { subgraphConfig } from "@mib/subgraph-server/subgraph-config";

export function readNotificationConfig() {
  return readConfig({
    ...subgraphConfig(4005),
    ...kafkaFields,
    /** How often positions are saved while nothing fires: what a restart reads again is at most this old. */
    POSITIONS_SAVE_MS: field.milliseconds(5_000, { least: 100 }),
    /** How many articles the watches of a user put into the inbox in an hour. What is more is counted, and told as a number. */
    NEWS_PER_HOUR_MAX: field.count(100, { least: 1, most: 10_000 }),
  });
}
