import { field } from "@mib/service/config";
import type { Logger } from "@mib/service/log";
import kafkajs, { type Kafka as KafkaClient, type KafkaConfig, type LogEntry } from "kafkajs";
import { restIdleRequestQueues } from "./idle-request-queue.ts";

export type { KafkaClient };

restIdleRequestQueues();

/** The variables that say where Kafka is and how to get in; spread them into a process's configuration. */
export const kafkaFields = {
  KAFKA_BROKERS: field.list("127.0.0.1:19092"),
  KAFKA_TLS: field.flag(false),
  KAFKA_SASL_MECHANISM: field.optional(field.oneOf(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])),
  KAFKA_SASL_USERNAME: field.optional(field.text()),
  KAFKA_SASL_PASSWORD: field.optional(field.text()),
};

export interface KafkaSettings {
  KAFKA_BROKERS: string[];
  KAFKA_TLS?: boolean;
  KAFKA_SASL_MECHANISM?: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512" | undefined;
  KAFKA_SASL_USERNAME?: string | undefined;
  KAFKA_SASL_PASSWORD?: string | undefined;
}

/**
 * A client that gives up soon: whoever uses it tries again, knowing what it was doing. Waits of the library itself are
 * short, so that a broker that comes back is noticed within a second or two.
 */
export function createKafka(settings: KafkaSettings, clientId: string, log?: Logger): KafkaClient {
  const {
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: username = "",
    KAFKA_SASL_PASSWORD: password = "",
  } = settings;
  const config: KafkaConfig = {
    clientId,
    brokers: settings.KAFKA_BROKERS,
    ssl: settings.KAFKA_TLS ?? false,
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 4, restartOnFailure: async () => false },
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (entry) => writeLog(log, entry),
  };
  if (mechanism !== undefined) config.sasl = saslOptions(mechanism, username, password);
  return new kafkajs.Kafka(config);
}

function saslOptions(
  mechanism: NonNullable<KafkaSettings["KAFKA_SASL_MECHANISM"]>,
  username: string,
  password: string,
) {
  if (mechanism === "PLAIN") return { mechanism: "plain", username, password } as const;
  if (mechanism === "SCRAM-SHA-256") return { mechanism: "scram-sha-256", username, password } as const;
  return { mechanism: "scram-sha-512", username, password } as const;
}

function writeLog(log: Logger | undefined, { namespace, level, log: { message, error, ...rest } }: LogEntry): void {
  // What the library calls an error is a try that failed and is made again: whoever gives up logs that itself.
  if (level <= kafkajs.logLevel.WARN)
    log?.debug({ namespace, error, broker: rest.broker, groupId: rest.groupId }, message);
}
