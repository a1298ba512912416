/**
 * Shows the records that readers put aside, and sends them to their topics again, on the Kafka that KAFKA_BROKERS, KAFKA_TLS and
 * KAFKA_SASL_* name. What the commands and their options do: docs/dead-letters.md.
 */
import { readFileSync } from "node:fs";
import { findDeadLetters, readDeadLetters, type StoredLetter } from "@mib/events/dead-letter-reader";
import { resendDeadLetters } from "@mib/events/dead-letter-resender";
import { readEpochs } from "@mib/events/epochs";
import { createKafka, kafkaFields } from "@mib/events/kafka";
import { createEventProducer } from "@mib/events/producer";
import { TOPICS } from "@mib/events/topics";
import { CodedError } from "@mib/service/coded-error";
import { readConfig } from "@mib/service/config";
import { createLogger } from "@mib/service/log";
import { readRequest, USAGE, UsageError, type Request } from "./dead-letters/request.ts";
import { printLetter, printLetters, printMore, printResent, type Output } from "./dead-letters/print.ts";

const EXIT = { notAllSent: 1, usage: 64, unavailable: 69 };

// Whoever reads it may have seen enough: `npm run dead-letters -- list | head`.
process.stdout.on("error", () => process.exit());
process.env.LOG_LEVEL ??= "error";
const log = createLogger("dead-letters", process.stderr);

try {
  const request = readRequest(process.argv.slice(2));
  // Read before Kafka is asked: a file that is not there is a mistake of the command line.
  const value = request.valueFile === null ? null : readValue(request.valueFile);
  const output: Output = { json: request.json, write: (text) => void process.stdout.write(text) };
  const kafka = createKafka(readConfig(kafkaFields), "mib-dead-letters", log);
  const letters = await lettersOf(request, { kafka, log });
  if (request.command === "list") printLetters(output, letters, request.page);
  else if (request.command === "show") for (const letter of letters) printLetter(output, letter);
  else
    process.exitCode = await resend(
      request,
      value === null ? letters : letters.map((letter) => ({ ...letter, value })),
      kafka,
      output,
    );
} catch (error) {
  if (error instanceof UsageError) fail(`${error.message}\n\n${USAGE}`, EXIT.usage);
  else if (error instanceof CodedError)
    fail(`${error.code}: ${error.message}`, error.code === "SERVICE_UNAVAILABLE" ? EXIT.unavailable : EXIT.usage);
  else
    fail(
      `the dead letters could not be reached: ${error instanceof Error ? error.message : String(error)}`,
      EXIT.unavailable,
    );
}

function lettersOf({ ids, topics, filter, page }: Request, reading: Parameters<typeof findDeadLetters>[0]) {
  if (ids.length > 0) return findDeadLetters(reading, ids);
  return readDeadLetters(reading, topics.length > 0 ? topics : TOPICS.map(({ name }) => name), filter, page);
}

async function resend(
  { ids, page, dryRun }: Request,
  letters: readonly StoredLetter[],
  kafka: ReturnType<typeof createKafka>,
  output: Output,
): Promise<number> {
  const producer = createEventProducer({ kafka, log });
  try {
    const epochs = await readEpochs(kafka);
    let exitCode = 0;
    for await (const resent of resendDeadLetters({ kafka, log, producer, epochs, dryRun }, letters)) {
      printResent(output, resent);
      if (resent.outcome === "INVALID" || resent.outcome === "SUPERSEDED") exitCode = EXIT.notAllSent;
    }
    if (ids.length === 0) printMore(output, letters, page);
    return exitCode;
  } finally {
    await producer.stop();
  }
}

function readValue(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`--value-file: ${(error as Error).message}`, { cause: error });
  }
}

function fail(text: string, exitCode: number): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = exitCode;
}
