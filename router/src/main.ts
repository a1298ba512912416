import cluster from "node:cluster";
import { adminHandler } from "@mib/service/admin-server";
import { runService, type Service } from "@mib/service/run";
import { loadSigner } from "./authentication/load-signer.ts";
import { readRouterConfig } from "./config/read-router-config.ts";
import { loadPlugins } from "./plugins/load-plugins.ts";
import { followSources } from "./reload/follow-sources.ts";
import { Sources } from "./reload/sources.ts";
import { startRouter } from "./router.ts";
import { Primary } from "./workers/primary.ts";
import { joinPrimary } from "./workers/worker.ts";

const args = process.argv.slice(2);

await runService("router", async (service) => {
  const { config, file } = readRouterConfig(args, process.env);
  if (config.workers === 1 || cluster.isWorker) return serve(service, file);
  const { rate_limits: rates, streams } = config;
  if ((rates.address ?? rates.identity) !== null && streams.redis_url === null)
    service.log.warn("rate limits hold for each worker by itself: streams.redis_url makes them hold for all");
  await new Primary(service, config.workers).start();
  service.log.info({ workers: config.workers }, "all workers serve");
});

async function serve(service: Service, configFile: string | null): Promise<void> {
  const sources = new Sources(args, process.env);
  const start = await sources.read();
  if ("problems" in start) throw new Error(start.problems.join("\n"));
  const { config, supergraphSdl, keyPair } = start;
  const signer = await loadSigner(config);
  const plugins = await loadPlugins(config.plugins);
  const worker = cluster.isWorker ? joinPrimary(service) : null;
  const admin = adminHandler(worker ? { ...worker, log: service.log } : service);
  const router = await startRouter(service, {
    config,
    signer,
    admin,
    supergraphSdl,
    keyPair,
    sharesPort: worker !== null,
    plugins,
  });
  followSources(service, start, {
    sources,
    configFile,
    apply: (loaded) => router.replace(loaded),
  });
  worker?.serving();
  service.log.info(
    { url: router.url, supergraph: config.supergraph.file ?? "polled", streams: config.streams.redis_url !== null },
    "ready",
  );
}
