import { field } from "@mib/service/config";
import { MARKET_PARTITIONS } from "./messages.generated.ts";

/** The variable ENGINE_ADDRESS: where the engine is, or several that share the instruments, with commas, in the order of their shards. */
export const engineAddressesField = () =>
  field
    .list("tcp:127.0.0.1:4013")
    .refine(
      ({ length }) => length >= 1 && length <= MARKET_PARTITIONS,
      `must be unix:/path or tcp:host:port of 1 to ${MARKET_PARTITIONS} engines, with commas`,
    );
