import type { Health } from "@mib/service/health";
import type { FollowedRevocations } from "../authentication/follow-revocations.ts";
import type { RouterConfig } from "../config/router-config.ts";
import type { Federation } from "../operation/federation.ts";
import type { RedisStreamSource } from "../streams/redis-stream-source.ts";

const ASK_TIMEOUT_MS = 1_500;

/**
 * What `/ready` says. The router is ready when it has a supergraph and, where streams are configured, has reached their
 * store once, and have heard of revocations where they are followed: until then nobody with a credential may subscribe. Everything else it reports and does not depend on: with a part down it still answers the rest.
 */
export function registerReadiness(
  health: Health,
  {
    federation,
    streams,
    revocations,
    config,
  }: {
    federation: Federation;
    streams: RedisStreamSource | null;
    /** Null where none are followed. */
    revocations: FollowedRevocations | null;
    config: RouterConfig;
  },
): void {
  health.check("supergraph", () => ({ types: Object.keys(federation.apiSchema.getTypeMap()).length }));
  health.check("circuits", () => circuitStates(federation));
  if (streams) {
    let reached = false;
    health.check("redis", async () => {
      reached ||= streams.connected;
      if (!reached) throw new Error("not reached yet");
      if (!streams.connected) return { state: "away" };
      const startedAt = performance.now();
      await streams.ping();
      return { state: "connected", pingMs: round(performance.now() - startedAt) };
    });
  }
  if (revocations) {
    const since = performance.now();
    health.check("revocations", () => {
      const seconds = Math.round((performance.now() - since) / 1_000);
      if (!revocations.isHeard)
        throw new Error(`not heard of for ${seconds} s: a relay has to fill the window of their stream`);
    });
  }
  for (const [name, { ready_url }] of Object.entries(config.subgraphs)) {
    if (ready_url !== null) health.check(`subgraph ${name}`, () => askReady(ready_url, false));
  }
  for (const [name, url] of Object.entries(config.hops)) health.check(name, () => askReady(url, true));
}

/** By subgraph, where a breaker is configured. */
function circuitStates({ subgraphStates }: Federation): Record<string, string> {
  return Object.fromEntries(
    subgraphStates.flatMap(({ subgraph, circuit }) => (circuit ? [[subgraph, circuit.state]] : [])),
  );
}

/** Another process's readiness, with its own details (lags among them) where `withChecks` asks for them. */
async function askReady(url: string, withChecks: boolean): Promise<unknown> {
  const startedAt = performance.now();
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS), redirect: "error" });
    const report = (await response.json().catch(() => null)) as { checks?: unknown } | null;
    return {
      ready: response.status === 200,
      answeredMs: round(performance.now() - startedAt),
      ...(withChecks && report?.checks !== undefined && { checks: report.checks }),
    };
  } catch {
    return { ready: false, reachable: false };
  }
}

const round = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;
