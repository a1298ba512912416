import { kafkaFields } from "@mib/events/kafka";
import { type ConfigCheck, field } from "@mib/service/config";

export const configShape = {
  HOST: field.host(),
  ADMIN_PORT: field.port(4010),
  /** Of a cluster some of its servers, with commas. */
  REDIS_URL: field.urls("redis://127.0.0.1:16379"),
  /** Redis is a cluster: sharded pub/sub, and one pipeline per channel. */
  REDIS_CLUSTER: field.flag(),
  ...kafkaFields,
};

/** Of servers that are no cluster each has data of its own. */
export const refuseSeveralServers: ConfigCheck<typeof configShape> = ({ REDIS_URL, REDIS_CLUSTER }) =>
  REDIS_URL.length > 1 && !REDIS_CLUSTER ? ["REDIS_URL: may be several of a cluster only: set REDIS_CLUSTER"] : [];
