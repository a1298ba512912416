import type { Service } from "@mib/service/run";
import pg from "pg";

const ASK_MS = 5_000;
const ANSWER_MS_MAX = 10_000;
/** The server ends a session after 25 s in which nothing of it arrives, so that a holder whom nobody can reach any more makes room. */
export const SERVER_KEEPALIVE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";

export interface LockSession {
  /** For the statement that takes the lock. */
  client: pg.Client;
  /** From now on the service ends with this message when the connection breaks, or says nothing any more. */
  keep(lostMessage: string): void;
}

/**
 * A connection of its own for an advisory lock, which lives as long as the connection. A service that loses it can't know
 * who has the lock now, so it ends and is started anew.
 */
export async function openLockSession(
  service: Service,
  databaseUrl: string,
  { name, askMs = ASK_MS, answerMsMax = ANSWER_MS_MAX }: { name: string; askMs?: number; answerMsMax?: number },
): Promise<LockSession> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: name,
    options: SERVER_KEEPALIVE,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
  });
  let lost = "the connection that is to hold a lock broke";
  const onLost = (error: Error = new Error("the connection ended")) => {
    if (!service.shutdownSignal.aborted) service.fail(error, lost);
  };
  await client.connect();
  client.on("error", onLost);
  client.on("end", () => onLost());
  return {
    client,
    keep(lostMessage) {
      lost = lostMessage;
      // A connection that the network dropped looks like one that has nothing to say.
      let asked: Promise<unknown> | null = null;
      const asking = setInterval(() => {
        // Of the driver's own, beside its types: a limit for this query alone. Waiting for the lock has none.
        const query = { text: "SELECT 1", query_timeout: answerMsMax };
        // The next one waits for this one's answer: a client does one thing at a time.
        asked ??= client
          .query(query)
          .catch(onLost)
          .finally(() => (asked = null));
      }, askMs);
      service.onShutdown(name, () => {
        clearInterval(asking);
        return client.end();
      });
    },
  };
}
