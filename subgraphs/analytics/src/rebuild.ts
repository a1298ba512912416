/**
 * Makes anew what analytics derives from bars, on the Kafka and the PostgreSQL that the environment names. What it takes from
 * where, and what it leaves alone: docs/rebuild.md.
 */
import { createKafka, kafkaFields } from "@mib/events/kafka";
import { rangesOf } from "@mib/events/scan-topic";
import { CodedError } from "@mib/service/coded-error";
import { field, readConfig } from "@mib/service/config";
import { createLogger } from "@mib/service/log";
import { BARS_TOPIC } from "./io/read-bar.ts";
import { rebuildBars, type Rebuilt } from "./io/rebuild-bars.ts";
import { openRebuildSession } from "./io/rebuild-session.ts";

const EXIT = { failed: 1, unavailable: 69, refused: 75 };
const NAMED_MAX = 10;

process.env.LOG_LEVEL ??= "error";
const log = createLogger("analytics-rebuild", process.stderr);
const config = readConfig({ DATABASE_URL: field.url(), ...kafkaFields });
const kafka = createKafka(config, "mib-analytics-rebuild", log);

// Both are tried whatever the other says, so that all that is in the way is told at once.
const [session, reached] = await Promise.allSettled([
  openRebuildSession(config.DATABASE_URL, log),
  rangesOf(kafka, BARS_TOPIC),
]);
try {
  if (session.status === "fulfilled" && reached.status === "fulfilled")
    print(await rebuildBars({ client: session.value, kafka, log }));
  else {
    if (session.status === "rejected") unavailable("PostgreSQL", session.reason);
    if (reached.status === "rejected") unavailable("Kafka", reached.reason);
  }
} catch (error) {
  if (error instanceof CodedError) refuse(error);
  else fail(`the rebuild failed, and what was there stays: ${messageOf(error)}`, EXIT.failed);
} finally {
  if (session.status === "fulfilled") await session.value.end();
}

function print(rebuilt: Rebuilt): void {
  const { records, bars, seenTwice, invalid, barsMended, windows } = rebuilt;
  const { barsOfOldWindows, unreadableWindows, withoutPosition } = rebuilt;
  const lines = [
    `${BARS_TOPIC}: ${records} records read again: ${bars} bars, ${seenTwice} seen twice, ${invalid} that are no bars`,
    `bars: ${barsMended} were missing or other than in Kafka`,
    `windows: ${windows} written`,
  ];
  if (barsOfOldWindows > 0) lines.push(`  ${barsOfOldWindows} bars of them were in the windows alone`);
  if (unreadableWindows.length > 0)
    lines.push(`  ${unreadableWindows.length} could not be read: ${some(unreadableWindows)}`);
  if (withoutPosition.length > 0)
    lines.push(
      `  no position was kept of partition ${withoutPosition.join(", ")}: read to the end, signals are not told of it`,
    );
  lines.push("signals, models and jobs are as they were");
  process.stdout.write(`${lines.join("\n")}\n`);
}

function some(names: readonly string[]): string {
  return `${names.slice(0, NAMED_MAX).join(", ")}${names.length > NAMED_MAX ? ", …" : ""}`;
}

function unavailable(server: string, error: unknown): void {
  if (error instanceof CodedError) refuse(error);
  else fail(`SERVICE_UNAVAILABLE: ${server} could not be used: ${messageOf(error)}`, EXIT.unavailable);
}

function refuse({ code, message }: CodedError): void {
  fail(`${code}: ${message}`, code === "REBUILD_REFUSED" ? EXIT.refused : EXIT.unavailable);
}

function fail(text: string, exitCode: number): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = exitCode;
}

/** A connection that is tried at several addresses fails with an error for each, and none of its own. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
