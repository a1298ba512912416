import type { Service } from "@mib/service/run";
import type { Database } from "@mib/subgraph-server/database";

const EVERY_MS = 3_600_000;
const KEPT_AFTER_END = "30 days";

/** Deletes what ended long ago, once an hour: sessions with their refresh tokens, and failures nobody counts any more. */
export function startCleanup(service: Service, database: Database): void {
  const timer = setInterval(() => {
    cleanUp(database, new Date()).catch((error: unknown) =>
      service.log.warn({ err: error }, "clean-up failed, it is tried again in an hour"),
    );
  }, EVERY_MS);
  timer.unref();
  service.onShutdown("clean-up", () => clearInterval(timer));
}

/** A used token is kept as long as its session, so that using it again is noticed. */
export async function cleanUp(database: Database, now: Date): Promise<void> {
  await database.query(
    `DELETE FROM sessions WHERE least(expires_at, revoked_at) < $1::timestamptz - interval '${KEPT_AFTER_END}'`,
    [now],
  );
  await database.query("DELETE FROM login_failures WHERE last_failed_at < $1::timestamptz - interval '1 day'", [now]);
}
