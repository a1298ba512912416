import { EngineClient } from "@mib/protocol/engine-client";
import { startEngine, type EngineProcess } from "@mib/protocol/testing/engine-process";
import { freePort } from "@mib/testkit/free-port";
import { startFeed, type FeedProcess } from "../../test-feed.ts";

export interface FeedWithEngine extends AsyncDisposable {
  engine: EngineProcess;
  client: EngineClient;
  feed: FeedProcess;
  /** What `/ready` says of the venue. */
  venueHealth(): Promise<any>;
  /** Sum of one of the feed's metrics over its labels. */
  metric(name: string): Promise<number>;
}

/** The feed's own program beside an engine that runs: what a person starts, against a venue of the test's. */
export async function startFeedWithEngine(
  args: readonly string[],
  environment: Record<string, string>,
): Promise<FeedWithEngine> {
  const engine = await startEngine();
  const client = new EngineClient({ address: engine.address, timeoutMs: 10_000 });
  const adminPort = await freePort();
  const feed = startFeed(args, {
    ENGINE_ADDRESS: engine.address,
    ADMIN_PORT: String(adminPort),
    FEED_RECONNECT_MS_MIN: "20",
    ...environment,
  });
  const admin = (path: string) => fetch(`http://127.0.0.1:${adminPort}${path}`);
  return {
    engine,
    client,
    feed,
    venueHealth: async () => {
      const report: any = await (await admin("/ready")).json();
      return report.checks.venue;
    },
    metric: async (name) => {
      const lines = (await (await admin("/metrics")).text()).split("\n");
      const values = lines.filter((line) => line.startsWith(`${name}{`)).map((line) => line.split(" ").at(-1));
      if (values.length === 0) throw new Error(`no metric ${name}`);
      return values.reduce((sum, value) => sum + Number(value), 0);
    },
    async [Symbol.asyncDispose]() {
      client.close();
      feed.child.kill("SIGTERM");
      await feed.ended;
      await engine.stop();
    },
  };
}
