import { consumeEvents, type RecordBatch } from "@mib/events/consumer";
import type { ConsumerState } from "@mib/events/consumer-state";
import { decodeEvent, InvalidRecordError, type StreamEvent } from "@mib/events/event";
import type { KafkaClient } from "@mib/events/kafka";
import { enqueueEvents } from "@mib/events/outbox";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import { inTransaction } from "@mib/subgraph-server/transaction";
import type { Pool } from "pg";
import type { Notification } from "../domain/notification.ts";
import { emptyOutcome, joinOutcomes, type Watch } from "../domain/watch.ts";
import { closesOf, saveCloses } from "./close-store.ts";
import { saveDayOpens } from "./day-open-store.ts";
import type { InboxStore } from "./inbox-store.ts";
import type { NewsHourStore } from "./news-hour-store.ts";
import { observeEvent, WATCHED_TOPICS } from "./observe-event.ts";
import { notificationsOfMatches } from "./news-matches.ts";
import type { NewsWatchStore } from "./news-watch-store.ts";
import type { RuleStore } from "./rule-store.ts";

export interface EventReaderOptions {
  kafka: KafkaClient;
  pool: Pool;
  epochs: ReadonlyMap<string, string>;
  watch: Watch;
  state: ConsumerState;
  store: RuleStore;
  newsWatches: NewsWatchStore;
  newsHours: NewsHourStore;
  inbox: InboxStore;
  saveMs: number;
}

/**
 * Holds what happens against the rules. The changed rules, the inbox, the outgoing event and the consumer's positions are
 * written in one transaction; a batch that changes no rule only moves the positions, which are saved every so often. Of users
 * whose account was deleted all goes.
 */
export async function startEventReader(
  service: Service,
  { kafka, pool, epochs, watch, state, store, newsWatches, newsHours, inbox, saveMs }: EventReaderOptions,
): Promise<void> {
  const fired = new Counter({
    name: "notification_fired_total",
    help: "Notifications made.",
    registers: [service.registry],
  });
  const events = new Counter({
    name: "notification_events_total",
    help: "Events held against the rules.",
    labelNames: ["topic"],
    registers: [service.registry],
  });
  const invalid = new Counter({
    name: "notification_invalid_records_total",
    help: "Records that are no events.",
    registers: [service.registry],
  });

  // What the events so far came to and the database does not know yet. It, the watch and the positions change together,
  // between two awaits, so that at any moment they can be written as one.
  let pending = emptyOutcome();
  let turn: Promise<void> = Promise.resolve();
  await state.begin(kafka, WATCHED_TOPICS);
  await save();

  const consumer = await consumeEvents({
    kafka,
    log: service.log,
    name: "mib-notification",
    topics: Object.keys(WATCHED_TOPICS),
    concurrency: 1,
    startOffset: (topic, partition) => state.startOffset(topic, partition, "earliest"),
    onBatch: async (batch) => {
      apply(batch);
      if (pending.rules.size > 0 || pending.matches.length > 0 || pending.goneUsers.size > 0) await save();
    },
  });

  const timer = setInterval(() => {
    save().catch((error: unknown) => service.log.warn({ err: error }, "positions could not be saved"));
  }, saveMs);
  service.onShutdown("events", async () => {
    clearInterval(timer);
    await consumer.stop();
    await save();
  });
  service.health.check("events", () => {
    if (!consumer.connected()) throw new Error("Kafka is not reached");
    return { lag: Object.fromEntries([...consumer.lag()].map(([topic, lag]) => [topic, Number(lag)])) };
  });

  /** A batch that is tried again changes nothing: its events were seen. */
  function apply(batch: RecordBatch): void {
    let last: StreamEvent | null = null;
    for (const message of batch.records) {
      try {
        const event = decodeEvent(batch.topic, batch.partition, message, epochs);
        if (!state.accept(event)) continue;
        last = event;
        observeEvent(watch, pending, event);
      } catch (error) {
        // The relay puts what does not fit its schema into the dead-letter topic; a RangeError is a number that fits it
        // and is larger than any price.
        if (!(error instanceof InvalidRecordError || error instanceof RangeError)) throw error;
        invalid.inc();
      }
    }
    state.advance(batch, last);
    events.inc({ topic: batch.topic }, batch.records.length);
  }

  /** One after another: an older state never overwrites a newer one. */
  function save(): Promise<void> {
    const written = turn.then(write);
    turn = written.catch(() => {});
    return written;
  }

  async function write(): Promise<void> {
    const outcome = pending;
    pending = emptyOutcome();
    const positions = state.snapshot();
    const closes = closesOf(watch, outcome.series);
    const opens = new Map([...outcome.dayOpens].map((symbol) => [symbol, watch.dayOpens.get(symbol)!]));
    try {
      const added = await inTransaction(pool, async (client) => {
        const gone = [...outcome.goneUsers];
        if (gone.length > 0)
          for (const each of [store, newsWatches, newsHours, inbox]) await each.deleteOf(client, gone);
        const ofRules = outcome.notifications.filter(({ userId }) => !outcome.goneUsers.has(userId));
        await store.saveStates(client, [...outcome.rules.values()]);
        const ofMatches = await notificationsOfMatches(client, newsWatches, outcome.matches);
        const news = await inbox.unknown(client, ofMatches);
        const ofNews = await newsHours.admit(client, news, Date.now());
        const added = await inbox.add(client, [...ofRules, ...ofNews]);
        await enqueueEvents(client, added.map(eventOf));
        await newsWatches.noteMatched(client, [...new Set(news.flatMap(({ watchId }) => watchId ?? []))]);
        await saveCloses(client, closes);
        await saveDayOpens(client, opens);
        await positions.save(client);
        return added;
      });
      fired.inc(added.length);
    } catch (error) {
      pending = joinOutcomes(outcome, pending);
      throw error;
    }
  }
}

function eventOf({ id, userId, ruleId, watchId, articleId, symbol, title, body, value, at }: Notification) {
  return {
    topic: "notifications.v1",
    key: userId,
    channel: userId,
    eventId: id,
    value: {
      id,
      rule: ruleId && { id: ruleId },
      watch: watchId && { id: watchId },
      article: articleId && { id: articleId },
      instrument: symbol && { symbol },
      title,
      body,
      value,
      at,
      readAt: null,
    },
  };
}
