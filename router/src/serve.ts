import cluster from "node:cluster";
import { adminHandler } from "@mib/service/admin-server";
import type { Service } from "@mib/service/run";
import { loadSigner } from "./authentication/load-signer.ts";
import type { PlannerThread } from "./plan/planner-thread.ts";
import { loadPlugins } from "./plugins/load-plugins.ts";
import { followSources } from "./reload/follow-sources.ts";
import { Sources } from "./reload/sources.ts";
import { startRouter } from "./router.ts";
import { joinPrimary } from "./workers/worker.ts";

/** Serves as the command line and the configuration's file say, and follows what they name. */
export async function serve(
  service: Service,
  { args, configFile, planners }: { args: readonly string[]; configFile: string | null; planners: PlannerThread },
): Promise<void> {
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
    planners,
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
