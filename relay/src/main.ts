import { createKafka } from "@mib/events/kafka";
import { startAdminServer } from "@mib/service/admin-server";
import { readConfig } from "@mib/service/config";
import { runService } from "@mib/service/run";
import { configShape } from "./config.ts";
import { startRelay } from "./relay.ts";
import { WindowStore } from "./window-store.ts";

const config = readConfig(configShape);

await runService("relay", async (service) => {
  const { port } = await startAdminServer(service, { host: config.HOST, port: config.ADMIN_PORT });
  startRelay(service, { kafka: createKafka(config, "mib-relay", service.log), store: new WindowStore(config) });
  service.log.info({ port }, "relaying");
});
