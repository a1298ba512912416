import { randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createKafka } from "@mib/events/kafka";
import { startOutboxPublisher } from "@mib/events/outbox";
import { createEventProducer } from "@mib/events/producer";
import { runService } from "@mib/service/run";
import { openDatabase } from "@mib/subgraph-server/database";
import { startSubgraph } from "@mib/subgraph-server/start-subgraph";
import { readAuthConfig } from "./config.ts";
import { createAccessTokens } from "./io/access-tokens.ts";
import { startCleanup } from "./io/cleanup.ts";
import { authSubgraph } from "./subgraph.ts";

await runService("auth", async (service) => {
  const config = readAuthConfig();
  const database = await openDatabase(service, {
    url: config.DATABASE_URL,
    schema: "auth",
    migrations: new URL("../migrations/", import.meta.url),
    connectionsMax: config.DATABASE_CONNECTIONS_MAX,
  });
  const tokens = await createAccessTokens({
    signingKeyFile: config.AUTH_SIGNING_KEY_FILE,
    verificationKeyFiles: config.AUTH_VERIFICATION_KEY_FILES,
    lifetimeMs: config.ACCESS_TOKEN_MS,
  });
  const producer = createEventProducer({ kafka: createKafka(config, "auth", service.log), log: service.log });
  service.onShutdown("producer", () => producer.stop());
  startOutboxPublisher(service, { databaseUrl: config.DATABASE_URL, schema: "auth", producer });
  startCleanup(service, database);

  const { accounts, options } = await authSubgraph({
    database,
    tokens,
    lifetimes: { refreshMsMax: config.REFRESH_TOKEN_MS, sessionMsMax: config.SESSION_MS },
    apiKeyEnvironment: config.API_KEY_ENVIRONMENT,
    surroundings: { now: () => new Date(), uuid: () => randomUUID(), randomBytes },
  });
  if (config.AUTH_ADMIN_EMAIL && config.AUTH_ADMIN_PASSWORD_FILE) {
    const password = (await readFile(config.AUTH_ADMIN_PASSWORD_FILE, "utf8")).trim();
    await accounts.ensure({ email: config.AUTH_ADMIN_EMAIL, password }, ["user", "analyst", "admin"]);
  }
  await startSubgraph(service, config, options);
});
