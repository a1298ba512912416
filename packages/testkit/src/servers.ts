import { randomUUID } from "node:crypto";
import kafkajs from "kafkajs";
import pg from "pg";
import { eventually } from "./eventually.ts";

/** Where the real servers of a test run are. Reading one that was not started fails with how to get it. */
export const servers = {
  get databaseUrl(): string {
    return required("TEST_DATABASE_URL");
  },
  get redisUrl(): string {
    return required("TEST_REDIS_URL");
  },
  get kafkaBrokers(): string[] {
    return required("TEST_KAFKA_BROKERS").split(",");
  },
  get qdrantUrl(): string {
    return required("TEST_QDRANT_URL");
  },
};

function required(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(
    `${name} is not set: run the test through vitest with the project's configuration, or set it to a server's URL`,
  );
}

/** A name that no other test, run or machine uses: for topics, channels, collections, users. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 13)}`;
}

export interface TestDatabase extends AsyncDisposable {
  url: string;
  drop(): Promise<void>;
}

/** A new empty database on the test server; `drop` ends the connections that are still open to it. */
export async function createTestDatabase(label = "test"): Promise<TestDatabase> {
  const name = uniqueName(`mib-${label}`).replaceAll("-", "_");
  await onServer(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  const url = new URL(servers.databaseUrl);
  url.pathname = `/${name}`;
  const drop = () => onServer(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
  return { url: url.href, drop, [Symbol.asyncDispose]: drop };
}

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: servers.databaseUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

export interface TestTopics extends AsyncDisposable {
  /** The topics' real names, by the names asked for. */
  names: Record<string, string>;
  drop(): Promise<void>;
}

/** Creates topics with unique names, ready for writing: name → number of partitions. */
export async function createTestTopics(partitions: Record<string, number>): Promise<TestTopics> {
  const kafka = new kafkajs.Kafka({
    clientId: "testkit",
    brokers: servers.kafkaBrokers,
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const names = Object.fromEntries(Object.keys(partitions).map((name) => [name, uniqueName(name)]));
  const asAdmin = async (work: (admin: kafkajs.Admin) => Promise<unknown>) => {
    const admin = kafka.admin();
    await admin.connect();
    try {
      await work(admin);
    } finally {
      await admin.disconnect();
    }
  };
  const topics = Object.entries(partitions).map(([name, numPartitions]) => ({
    topic: names[name]!,
    numPartitions,
    replicationFactor: 1,
  }));
  await asAdmin(async (admin) => {
    // To wait for leaders is to ask once, and to fail where the broker does not know the topics yet.
    await admin.createTopics({ waitForLeaders: false, topics });
    await eventually(() => admin.fetchTopicMetadata({ topics: topics.map(({ topic }) => topic) }), {
      deadlineMs: 30_000,
    });
  });
  const drop = () => asAdmin((admin) => admin.deleteTopics({ topics: Object.values(names) }));
  return { names, drop, [Symbol.asyncDispose]: drop };
}
