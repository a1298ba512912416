import type { Service } from "@mib/service/run";
import pg from "pg";

const ASK_MS = 5_000;
const ANSWER_MS_MAX = 10_000;
/** The server ends a session after 25 s in which nothing of it arrives, so that a leader whom nobody can reach any more makes room. */
const SERVER_KEEPALIVE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";

/**
 * Waits until this process is the only one that evaluates rules: an advisory lock that lives as long as its connection. When
 * that breaks, or says nothing any more, another process may have taken over, so this one ends and is started anew.
 */
export async function waitForLeadership(
  service: Service,
  databaseUrl: string,
  { askMs = ASK_MS, answerMsMax = ANSWER_MS_MAX } = {},
): Promise<void> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: "notification-leader",
    options: SERVER_KEEPALIVE,
    keepAlive: true,
  });
  await client.connect();
  const onLost = (error?: Error) => {
    if (!service.shutdownSignal.aborted)
      service.fail(
        error ?? new Error("the connection ended"),
        "no longer sure to be the only one that evaluates rules",
      );
  };
  client.on("error", onLost);
  client.on("end", () => onLost());
  await client.query("SELECT pg_advisory_lock(hashtextextended('notification:evaluation', 0))");
  // Whoever led before may be dead with its last transaction still under way: what is read from here on is behind it.
  await client.query("BEGIN; LOCK TABLE notification.consumer_positions IN EXCLUSIVE MODE; COMMIT");
  // A connection that the network dropped looks like one that has nothing to say.
  const asking = setInterval(() => {
    // Of the driver's own, beside its types: a limit for this query alone. Waiting for the lock has none.
    const query = { text: "SELECT 1", query_timeout: answerMsMax };
    client.query(query).catch(onLost);
  }, askMs);
  service.onShutdown("leadership", () => {
    clearInterval(asking);
    return client.end();
  });
}
