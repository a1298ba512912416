import { startAdminServer } from "@mib/service/admin-server";
import { CodedError } from "@mib/service/coded-error";
import { runService } from "@mib/service/run";
import { chooseFeed } from "./choose-feed.ts";
import { readFeedConfig } from "./config.ts";
import { createEventOutlet } from "./event-outlet.ts";
import { createFeedMetrics } from "./feed-metrics.ts";
import type { Feed } from "./feed.ts";

/** Exit code of sysexits.h: wrong words on the command line. */
const EXIT_CODE_USAGE = 64;
const EVENTS_STOP_MS_MAX = 4_000;

const config = orExit(() => readFeedConfig(process.argv.slice(2)));
const feed = orExit(() => chooseFeed(config));

if (feed === null) process.stdout.write("no feed was asked for\n");
else await runFeed(feed);

async function runFeed(feed: Feed): Promise<void> {
  await runService("feed", async (service) => {
    const metrics = createFeedMetrics(service.registry);
    const events = createEventOutlet(config, service.log, metrics);
    service.health.check("events", () => ({ waiting: events.waiting }));
    service.onShutdown("events", () => events.stop(EVENTS_STOP_MS_MAX));
    await startAdminServer(service, { host: config.HOST, port: config.ADMIN_PORT });
    const traceEvery = config.FEED_TRACE_EVERY ?? (config.OTEL_EXPORTER_OTLP_ENDPOINT === undefined ? 0 : 1_000);
    const running = feed
      .run({
        engineAddresses: config.ENGINE_ADDRESS,
        events,
        metrics,
        traceEvery,
        log: service.log,
        health: service.health,
        signal: service.shutdownSignal,
      })
      .catch((error: unknown) => {
        if (!service.shutdownSignal.aborted) throw error;
      });
    // First in the order of the end: the feed writes what it has and leaves.
    service.onShutdown("feed", () => running.catch(() => {}));
    await running;
    if (service.shutdownSignal.aborted) return;
    await service.shutdown("the feed is through");
    process.exit(0);
  });
}

function orExit<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    const code = error instanceof CodedError ? `${error.code}: ` : "";
    process.stderr.write(`${code}${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(EXIT_CODE_USAGE);
  }
}
