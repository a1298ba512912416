import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { restIdleRequestQueues } from "@mib/events/idle-request-queue";
import kafkajs from "kafkajs";
import type { Kafka } from "../install/kafka.mjs";
import type { Part } from "../part.ts";

const run = promisify(execFile);

export interface KafkaOptions {
  root: string;
  setFolder: string;
  port: number;
  controllerPort: number;
  installation: Promise<Kafka>;
}

/** Kafka: KAFKA_BROKERS, else one broker of Apache Kafka in KRaft mode. */
export function kafkaPart({
  root,
  setFolder,
  port,
  controllerPort,
  installation,
}: KafkaOptions): Part & { url: string } {
  const external = process.env.KAFKA_BROKERS;
  const url = external || `127.0.0.1:${port}`;
  const brokers = url.split(",");
  return {
    name: "kafka",
    layer: "SERVER",
    after: [],
    ports: external ? [] : [port, controllerPort],
    url,
    restart: "ALWAYS",
    ready: () => asAdmin(brokers, leadsItsPartitions),
    alive: () => asAdmin(brokers, hasBrokers),
    async program() {
      const found = await installation;
      if ("brokers" in found) return null;
      const folder = join(setFolder, "kafka");
      mkdirSync(folder, { recursive: true });
      const properties = join(folder, "server.properties");
      writeFileSync(properties, serverProperties(join(folder, "log"), port, controllerPort));
      const args = javaArguments(found, root);
      if (!existsSync(join(folder, "log", "meta.properties"))) await format(found.java.path, args, properties);
      return { command: found.java.path, args: [...args, "kafka.Kafka", properties], cwd: folder };
    },
  };
}

function serverProperties(logFolder: string, port: number, controllerPort: number): string {
  const properties = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.bootstrap.servers": `127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    "log.dirs": logFolder,
    "auto.create.topics.enable": false,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 8,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 8,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "group.initial.rebalance.delay.ms": 0,
    // A segment is what retention can delete: small ones keep the folder within its limit.
    "log.segment.bytes": 33_554_432,
    "log.retention.check.interval.ms": 30_000,
    "log.cleaner.dedupe.buffer.size": 16_777_216,
    "num.network.threads": 2,
    "num.io.threads": 4,
    // A busy machine needs longer than 10 s to register; the broker would give up.
    "initial.broker.registration.timeout.ms": 60_000,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

type Local = Extract<Kafka, { classPath: string }>;

/**
 * Half the CPU of a start goes into loading classes; an archive of them brings it from 6 to 3 CPU seconds. Java ≥ 19 keeps one by
 * itself; older ones write it when they end, and it counts from the next start.
 */
function javaArguments({ java, folder, classPath }: Local, root: string): string[] {
  const archive = join(folder, `classes-${java.major}.jsa`);
  const log4j = `-Dlog4j2.configurationFile=${join(root, "deploy", "local", "kafka", "log4j2.xml")}`;
  const base = [
    "-Xms256m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xlog:cds=off",
    "-Xlog:cds+dynamic=off",
    log4j,
  ];
  return [...base, ...archiveArguments(archive, java.major), "-cp", classPath];
}

function archiveArguments(archive: string, major: number): string[] {
  if (major >= 19) return ["-XX:+AutoCreateSharedArchive", `-XX:SharedArchiveFile=${archive}`];
  const written = `${archive}.new`;
  // One that was cut off is smaller than its end: the JVM checks the size before it uses it, and runs without.
  if (!existsSync(archive) && existsSync(written) && Date.now() - statSync(written).mtimeMs > 5_000)
    renameSync(written, archive);
  if (existsSync(archive)) return [`-XX:SharedArchiveFile=${archive}`];
  rmSync(written, { force: true });
  return [`-XX:ArchiveClassesAtExit=${written}`];
}

async function format(java: string, args: string[], properties: string): Promise<void> {
  let id: string;
  // A leading dash would read as an option.
  do id = randomBytes(16).toString("base64url");
  while (id.startsWith("-"));
  const plain = args.filter((argument) => !argument.startsWith("-XX:ArchiveClassesAtExit"));
  try {
    await run(java, [...plain, "kafka.tools.StorageTool", "format", "--standalone", "-t", id, "-c", properties]);
  } catch (error) {
    throw new Error(
      `Kafka's folder could not be formatted: ${String((error as { stderr?: string }).stderr ?? error)}`,
      { cause: error },
    );
  }
}

restIdleRequestQueues();

async function asAdmin(brokers: string[], ask: (admin: kafkajs.Admin) => Promise<void>): Promise<void> {
  const kafka = new kafkajs.Kafka({
    clientId: "mib-start",
    brokers,
    connectionTimeout: 3_000,
    requestTimeout: 5_000,
    retry: { retries: 0 },
    logLevel: kafkajs.logLevel.NOTHING,
    ...securityFromEnvironment(),
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    await ask(admin);
  } finally {
    await admin.disconnect();
  }
}

async function hasBrokers(admin: kafkajs.Admin): Promise<void> {
  const { brokers } = await admin.describeCluster();
  if (brokers.length === 0) throw new Error("no broker has registered yet");
}

/** A broker that has registered takes a moment until it leads its partitions: until then it refuses reads and writes. */
async function leadsItsPartitions(admin: kafkajs.Admin): Promise<void> {
  await hasBrokers(admin);
  const topics = (await admin.listTopics()).filter((topic) => !topic.startsWith("__"));
  await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)));
}

function securityFromEnvironment(): Pick<kafkajs.KafkaConfig, "ssl" | "sasl"> {
  const { KAFKA_TLS, KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME = "", KAFKA_SASL_PASSWORD = "" } = process.env;
  const ssl = KAFKA_TLS === "true" || KAFKA_TLS === "1";
  if (!KAFKA_SASL_MECHANISM) return { ssl };
  const mechanism = KAFKA_SASL_MECHANISM.toLowerCase() as "plain" | "scram-sha-256" | "scram-sha-512";
  return {
    ssl,
    sasl: { mechanism, username: KAFKA_SASL_USERNAME, password: KAFKA_SASL_PASSWORD } as kafkajs.SASLOptions,
  };
}
