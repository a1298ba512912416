import { setTimeout as delay } from "node:timers/promises";
import { CodedError } from "@mib/service/coded-error";
import type { Service } from "@mib/service/run";
import { openLockSession } from "@mib/subgraph-server/lock-session";
import type { Queryable } from "@mib/subgraph-server/database";

const LOCK = "hashtextextended('analytics:rebuild', 0)";
const WAIT_MS_MAX = 60_000;
const ASK_AGAIN_MS = 250;

/** Keeps rebuilds away for as long as this process lives; waits for the end of one that is under way. Any number of processes may do so. */
export async function holdOffRebuilds(
  service: Service,
  databaseUrl: string,
  { waitMsMax = WAIT_MS_MAX }: { waitMsMax?: number } = {},
): Promise<void> {
  const { client, keep } = await openLockSession(service, databaseUrl, { name: "analytics-lock" });
  const deadline = performance.now() + waitMsMax;
  for (let asked = 0; !(await tries(client, "pg_try_advisory_lock_shared")); asked += 1) {
    if (asked === 0) service.log.warn("a rebuild is under way: it is waited for");
    if (performance.now() >= deadline)
      throw new CodedError("SERVICE_UNAVAILABLE", `A rebuild of analytics has been under way for ${waitMsMax} ms.`);
    await delay(ASK_AGAIN_MS, undefined, { signal: service.shutdownSignal });
  }
  keep("a rebuild of analytics can no longer be kept away");
}

/** Takes the lock of a rebuild for as long as the connection lives. Refuses while anybody else has it. */
export async function lockForRebuild(client: Queryable): Promise<void> {
  if (await tries(client, "pg_try_advisory_lock")) return;
  const { rows } = await client.query<{ name: string; address: string | null }>(
    `SELECT application_name AS name, host(client_addr) AS address FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32 | objid::bigint) = ${LOCK}
       AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  const holders = rows.map(({ name, address }) => (address === null ? name : `${name} from ${address}`));
  throw new CodedError(
    "REBUILD_REFUSED",
    `Analytics or another rebuild works on this database (${holders.join(", ") || "it has just ended"}): end it first.`,
  );
}

async function tries(client: Queryable, lock: string): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>(`SELECT ${lock}(${LOCK}) AS taken`);
  return rows[0]!.taken;
}
