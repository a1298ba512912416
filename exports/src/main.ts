import { field, readConfig } from "@mib/service/config";
import { runService } from "@mib/service/run";
import { createExportServer } from "./export-server.ts";

await runService("exports", async (service) => {
  const config = readConfig({
    HOST: field.host(),
    PORT: field.port(4006),
    GRAPHQL_URL: field.url("http://127.0.0.1:4000/graphql"),
    EXPORTS_AT_ONCE_MAX: field.count(8, { least: 1, most: 1_000 }),
    EXPORTS_PER_USER_MAX: field.count(2, { least: 1, most: 100 }),
    EXPORT_STALLED_MS: field.milliseconds(60_000, { least: 1_000 }),
  });
  const server = createExportServer(service, {
    graphqlUrl: config.GRAPHQL_URL,
    exportsMax: config.EXPORTS_AT_ONCE_MAX,
    exportsPerUserMax: config.EXPORTS_PER_USER_MAX,
    stalledMs: config.EXPORT_STALLED_MS,
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.PORT, config.HOST, resolve);
  });
  service.onShutdown(
    "export server",
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        // A file that is half sent is of no use.
        server.closeAllConnections();
      }),
  );
  service.log.info({ port: config.PORT }, "ready");
});
