import { createKafka } from "@mib/events/kafka";
import { startAdminServer } from "@mib/service/admin-server";
import { readConfig } from "@mib/service/config";
import { runService } from "@mib/service/run";
import { configShape, refuseSeveralServers } from "./config.ts";
import { startRelay } from "./relay.ts";
import { WindowStore } from "./window-store.ts";

const config = readConfig(configShape, process.env, refuseSeveralServers);

await runService("relay", async (service) => {
  const { port } = await startAdminServer(service, { host: config.HOST, port: config.ADMIN_PORT });
  const store = new WindowStore(config, (error) => service.log.warn({ err: error }, "no connection to Redis"));
  startRelay(service, { kafka: createKafka(config, "mib-relay", service.log), store });
  service.log.info({ port }, "relaying");
});
