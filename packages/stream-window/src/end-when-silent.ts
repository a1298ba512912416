import { once } from "node:events";
import type { Cluster, Redis } from "ioredis";

const ASK_MS = 2_000;
const ANSWER_MS_MAX = 3_000;
/**
 * For a command on a connection that is watched: far beyond what that may go without an answer. A process or a Redis that is
 * starved would otherwise take what is late for lost, all of it at the same time, and make it wait for itself once more.
 */
export const COMMAND_TIMEOUT_MS = 30_000;

/**
 * Ends connections to Redis that no longer answer, so that they are made anew: one whose other end is gone without a goodbye
 * looks open for as long as the kernel keeps trying, a quarter of an hour, and a subscriber waits on it forever. Returns how to
 * stop watching.
 */
export function endWhenSilent(redis: Redis | Cluster): () => void {
  const timer = setInterval(() => {
    for (const connection of redis.isCluster ? (redis as Cluster).nodes() : [redis as Redis]) ask(connection);
  }, ASK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** One connection is asked at most once at a time. */
const asked = new WeakSet<object>();

function ask(connection: Redis): void {
  const { status, stream } = connection;
  if ((status !== "ready" && status !== "connect") || asked.has(stream)) return;
  asked.add(stream);
  const givenUp = new AbortController();
  const deadline = setTimeout(() => {
    givenUp.abort();
    // A process that stood still finds its timers due before it reads what has come meanwhile.
    setImmediate(() => asked.has(stream) && stream.destroy());
  }, ANSWER_MS_MAX);
  deadline.unref();
  const answered = () => {
    asked.delete(stream);
    clearTimeout(deadline);
  };
  // One that is open and not ready has asked by itself already.
  const answer: Promise<unknown> =
    status === "ready" ? connection.ping() : once(connection, "ready", { signal: givenUp.signal });
  answer.then(answered, (error: Error) => {
    // A refusal is an answer too; that a command took too long is none.
    if (error.name === "ReplyError") answered();
  });
}
