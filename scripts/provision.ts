/**
 * Creates the topics of the platform, with their dead-letter topics and epochs, on the Kafka that KAFKA_BROKERS, KAFKA_TLS and KAFKA_SASL_*
 * name: the local one or a managed one. It may run as often as one likes.
 *
 *   npm run provision -- [--replication-factor N] [--retention-factor N]
 */
import { parseArgs } from "node:util";
import { createKafka, kafkaFields } from "@mib/events/kafka";
import { provision } from "@mib/events/provision";
import { readConfig } from "@mib/service/config";

const { values } = parseArgs({
  options: {
    "replication-factor": { type: "string", default: "1" },
    "retention-factor": { type: "string", default: "1" },
  },
});
const replicationFactor = Number(values["replication-factor"]);
const retentionFactor = Number(values["retention-factor"]);
if (!Number.isInteger(replicationFactor) || replicationFactor === 0 || !(retentionFactor > 0)) {
  process.stderr.write(
    "--replication-factor is a whole number (-1: the cluster's default), --retention-factor a number above 0\n",
  );
  process.exit(64);
}

try {
  let lines = 0;
  await provision({
    kafka: createKafka(readConfig(kafkaFields), "mib-provision"),
    replicationFactor,
    retentionFactor,
    report: (line) => {
      lines += 1;
      process.stdout.write(`${line}\n`);
    },
  });
  if (lines === 0) process.stdout.write("every topic is as it should be\n");
} catch (error) {
  process.stderr.write(`provisioning failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
