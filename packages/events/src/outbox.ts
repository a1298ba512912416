import { setTimeout as delay } from "node:timers/promises";
import type { Service } from "@mib/service/run";
import pg from "pg";
import type { OutgoingEvent } from "./event.ts";
import { putAside } from "./dead-letter.ts";
import { type EventProducer, RecordTooLargeError } from "./producer.ts";

/** The outbox of a subgraph: goes into a migration of its own PostgreSQL schema. */
export const OUTBOX_SQL = `
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic text NOT NULL,
  key text,
  channel text NOT NULL,
  event_id text NOT NULL,
  traceparent text,
  value text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
`;

interface Queryable {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

/** An event whose value is still an object. */
export interface OutboxEvent extends Omit<OutgoingEvent, "value"> {
  value: object;
}

/** Announces events in the transaction that `client` is in: they are sent if it commits, in the order given, and not otherwise. */
export async function enqueueEvents(client: Queryable, events: readonly OutboxEvent[]): Promise<void> {
  if (events.length === 0) return;
  await client.query(
    `INSERT INTO outbox (topic, key, channel, event_id, traceparent, value)
     SELECT topic, key, channel, event_id, traceparent, value
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY AS t(topic, key, channel, event_id, traceparent, value, n)
     ORDER BY n`,
    [
      events.map(({ topic }) => topic),
      events.map(({ key }) => key),
      events.map(({ channel }) => channel),
      events.map(({ eventId }) => eventId),
      events.map(({ traceparent }) => traceparent ?? null),
      events.map(({ value }) => JSON.stringify(value)),
    ],
  );
  await client.query("SELECT pg_notify('outbox_' || current_schema(), '')");
}

export const enqueueEvent = (client: Queryable, event: OutboxEvent): Promise<void> => enqueueEvents(client, [event]);

export interface OutboxPublisherOptions {
  databaseUrl: string;
  /** The PostgreSQL schema whose outbox is published. */
  schema: string;
  producer: EventProducer;
}

const BATCH_EVENTS_MAX = 500;
const POLL_MS = 1_000;
const RETRY_MS_MAX = 5_000;

/**
 * Sends what is in the outbox, in order, and deletes what Kafka has acknowledged. Of several processes one works at a time. A
 * process that dies between the two sends the same events again under the same event ids, and consumers drop them.
 */
export function startOutboxPublisher(
  service: Service,
  { databaseUrl, schema, producer }: OutboxPublisherOptions,
): void {
  const { log, shutdownSignal } = service;
  let backlog = 0;
  service.health.check("outbox", () => ({ backlog }));

  const run = (async () => {
    let retryMs = 200;
    while (!shutdownSignal.aborted) {
      const client = new pg.Client({
        connectionString: databaseUrl,
        options: `-c search_path=${schema}`,
        application_name: `${service.name}-outbox`,
        keepAlive: true,
      });
      client.on("error", () => {});
      try {
        await client.connect();
        retryMs = 200;
        await publish(client);
      } catch (error) {
        if (!shutdownSignal.aborted) log.warn({ err: error, retryMs }, "publishing the outbox broke off");
      } finally {
        await client.end().catch(() => {});
      }
      await delay(retryMs, undefined, { signal: shutdownSignal }).catch(() => {});
      retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
    }
  })();
  service.onShutdown("outbox", () => run);

  async function publish(client: pg.Client): Promise<void> {
    let woken = Promise.withResolvers<void>();
    const wake = () => woken.resolve();
    client.on("notification", wake);
    client.on("end", wake);
    shutdownSignal.addEventListener("abort", wake);
    try {
      await client.query(`LISTEN ${pg.escapeIdentifier(`outbox_${schema}`)}`);
      let held = false;
      while (!shutdownSignal.aborted) {
        // Renewed before reading: what is announced from here on is noticed.
        woken = Promise.withResolvers<void>();
        held ||= await takeLock(client);
        const idle = !held || !(await publishBatch(client));
        if (idle) await Promise.race([woken.promise, delay(POLL_MS, undefined, { ref: false })]);
      }
    } finally {
      shutdownSignal.removeEventListener("abort", wake);
    }
  }

  /** Returns whether there was something to send. */
  async function publishBatch(client: pg.Client): Promise<boolean> {
    const { rows } = await client.query<OutboxRow>(
      "SELECT id, topic, key, channel, event_id, traceparent, value FROM outbox ORDER BY id LIMIT $1",
      [BATCH_EVENTS_MAX],
    );
    backlog = rows.length;
    if (rows.length === 0) return false;
    await Promise.all(rows.map(send));
    await client.query("DELETE FROM outbox WHERE id = ANY($1::bigint[])", [rows.map(({ id }) => id)]);
    return true;
  }

  /** One that Kafka never takes is put aside: those behind it would wait for ever. */
  async function send(row: OutboxRow): Promise<void> {
    const { topic, key, channel, event_id: eventId, traceparent, value } = row;
    try {
      await producer.send({ topic, key, channel, eventId, traceparent, value });
    } catch (error) {
      if (!(error instanceof RecordTooLargeError)) throw error;
      log.error({ err: error, topic, channel, eventId }, "an event is too large and goes to the dead letters");
      await putAside(producer, topic, { key, value }, error.message, { "event-id": eventId });
    }
  }
}

/** Held for as long as the connection lives. */
async function takeLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>(
    "SELECT pg_try_advisory_lock(hashtextextended('outbox:' || current_schema(), 0)) AS held",
  );
  return rows[0]?.held === true;
}

interface OutboxRow {
  id: string;
  topic: string;
  key: string | null;
  channel: string;
  event_id: string;
  traceparent: string | null;
  value: string;
}
