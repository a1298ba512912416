import cluster from "node:cluster";
import { runService } from "@mib/service/run";
import { readRouterConfig } from "./config/read-router-config.ts";
import { PlannerThread } from "./plan/planner-thread.ts";

const args = process.argv.slice(2);

await runService("router", async (service) => {
  const { config, file } = readRouterConfig(args, process.env);
  if (config.workers === 1 || cluster.isWorker) {
    const planners = new PlannerThread();
    planners.start(); // it loads while the rest of the router does
    const { serve } = await import("./serve.ts");
    return serve(service, { args, configFile: file, planners });
  }
  const { rate_limits: rates, streams } = config;
  if ((rates.address ?? rates.identity) !== null && streams.redis_url === null)
    service.log.warn("rate limits hold for each worker by itself: streams.redis_url makes them hold for all");
  const { Primary } = await import("./workers/primary.ts");
  await new Primary(service, config.workers).start();
  service.log.info({ workers: config.workers }, "all workers serve");
});
