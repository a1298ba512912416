import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchOptions, BenchResult } from "./bench-result.ts";
import { closedLoop } from "./gateway/closed-loop.ts";
import { CONDITIONS } from "./gateway/gateway-query.ts";
import { ask, OURS, start, startSubgraphs, type Running } from "./gateway/measured-gateway.ts";
import type { MeasuredProcess } from "./gateway/measured-process.ts";

export const name = "router-memory";

const CONNECTIONS = 8;
const PART_SECONDS = 5;
/** Until plans, connections and the heap have their size. */
const WARM_UP_MINUTES = 2;

/** What the router's memory does in minutes of load: known and new operations, in turn. `--minutes N`: another number than ten. */
export async function run({ quick, args }: BenchOptions): Promise<BenchResult> {
  const minutesAt = args.indexOf("--minutes");
  const minutes = quick ? 0.5 : minutesAt < 0 ? 10 : Number(args[minutesAt + 1]);
  if (!(minutes > 0 && minutes <= 600)) throw new Error("--minutes: a number of minutes, up to 600");
  const folder = mkdtempSync(join(tmpdir(), "bench-router-memory-"));
  const processes: MeasuredProcess[] = [];
  try {
    const { supergraph } = await startSubgraphs(folder, processes);
    const router = await start(OURS, supergraph, processes);
    const load = await loader(router);
    await load(quick ? 0.2 : WARM_UP_MINUTES);
    const before = await load(minutes / 2);
    const after = await load(minutes / 2);
    return {
      rows: [
        { id: "router-memory.minutes", value: minutes, unit: "minutes" },
        { id: "router-memory.requests", value: before.requests + after.requests, unit: "requests" },
        { id: "router-memory.rss-max.first-half", value: before.rssMax, unit: "MB" },
        { id: "router-memory.rss-max.second-half", value: after.rssMax, unit: "MB" },
        { id: "router-memory.growth", value: after.rssMax / before.rssMax, unit: "ratio" },
      ],
    };
  } finally {
    await Promise.all(processes.map((each) => each.stop()));
    rmSync(folder, { recursive: true });
  }
}

/** Sends the operations of all conditions that need no slow subgraph, a while each, and watches the memory. */
async function loader(router: Running): Promise<(minutes: number) => Promise<{ requests: number; rssMax: number }>> {
  const parts = await Promise.all(
    CONDITIONS.filter(({ slow }) => !slow).map(async ({ query }) => ({
      query,
      answerBytes: Buffer.byteLength(await ask(router.origin + router.path, query(0))),
    })),
  );
  let sent = 1;
  return async (minutes) => {
    const end = performance.now() + minutes * 60_000;
    let [requests, rssMax] = [0, 0];
    while (performance.now() < end) {
      for (const { query, answerBytes } of parts) {
        const bodyOf = (request: number) => JSON.stringify({ query: query(sent + request) });
        const options = { connections: CONNECTIONS, seconds: PART_SECONDS, answerBytes };
        const load = await closedLoop(router.origin, router.path, bodyOf, options);
        sent += load.requests;
        requests += load.requests;
        rssMax = Math.max(rssMax, router.process.rssMegabytes());
      }
    }
    return { requests, rssMax };
  };
}
