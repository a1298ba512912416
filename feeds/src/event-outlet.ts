import { setTimeout as delay } from "node:timers/promises";
import { createKafka, type KafkaSettings } from "@mib/events/kafka";
import { createEventProducer, RecordTooLargeError } from "@mib/events/producer";
import { validateValue } from "@mib/events/validate";
import type { Logger } from "@mib/service/log";
import type { FeedMetrics } from "./feed-metrics.ts";

/** What a source has to tell beside market data. Its id is that of the event. */
interface OutletEvent {
  id: string;
}

/** Where articles, posts, sensors and readings go out. */
export interface EventOutlet {
  /** Takes events of a topic; all are sent in this order, again and again until Kafka has them. */
  publish<Event extends OutletEvent>(
    topic: string,
    events: readonly Event[],
    keyOf?: (event: Event) => string | null,
  ): void;
  /** Resolves when Kafka has everything, or the time is over. */
  stop(timeoutMs: number): Promise<void>;
  /** Events that Kafka does not have yet. */
  readonly waiting: number;
}

interface Waiting {
  topic: string;
  key: string | null;
  eventId: string;
  value: string;
}

const WAITING_MAX = 10_000;
const BATCH_MAX = 500;
const RETRY_MS = 1_000;

/**
 * Sends events to Kafka. Their ids come of what they say, so one that is sent again after a doubtful answer, by another run of
 * the feed, or because two sources had it, counts once.
 */
export function createEventOutlet(
  settings: KafkaSettings,
  log: Logger,
  metrics: FeedMetrics,
  /** Topics' names at the broker, where they are not their own. */
  nameOf: (topic: string) => string = (topic) => topic,
): EventOutlet {
  const producer = createEventProducer({ kafka: createKafka(settings, "mib-feed", log), log });
  const stopping = new AbortController();
  let queue: Waiting[] = [];
  /** What is on its way is out of the queue: what is dropped there meanwhile was not sent, and what was sent is not taken off it. */
  let sending: Waiting[] = [];
  let working: Promise<void> | null = null;

  async function send(event: Waiting): Promise<void> {
    try {
      await producer.send({ ...event, topic: nameOf(event.topic), channel: "*" });
    } catch (error) {
      if (!(error instanceof RecordTooLargeError)) throw error;
      // It would never be taken, and those behind it would wait for it.
      sending = sending.filter((other) => other !== event);
      metrics.eventsLost.inc({ topic: event.topic });
      log.error(
        { topic: event.topic, id: event.eventId, reason: error.message },
        "an event is too large and was dropped",
      );
    }
  }

  async function work(): Promise<void> {
    while (queue.length > 0 && !stopping.signal.aborted) {
      sending = queue.splice(0, BATCH_MAX);
      try {
        await Promise.all(sending.map(send));
        for (const { topic } of sending) metrics.events.inc({ topic });
        sending = [];
      } catch (error) {
        queue = [...sending, ...queue];
        sending = [];
        log.warn({ reason: (error as Error).message, waiting: queue.length }, "events wait for Kafka");
        await delay(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  }

  const waiting = () => sending.length + queue.length;

  return {
    get waiting() {
      return waiting();
    },
    publish(topic, events, keyOf = () => null) {
      const added = events.map((event) => {
        const value = JSON.stringify(event);
        const validation = validateValue(topic, value);
        if (!validation.ok) throw new Error(`${event.id} does not fit the schema of ${topic}: ${validation.reason}`);
        return { topic, key: keyOf(event), eventId: event.id, value };
      });
      queue.push(...added);
      const excess = waiting() - WAITING_MAX;
      if (excess > 0) {
        for (const { topic: lost } of queue.splice(0, excess)) metrics.eventsLost.inc({ topic: lost });
        log.error({ excess }, "events were dropped: too many wait for Kafka");
      }
      working ??= work().finally(() => (working = null));
    },
    async stop(timeoutMs) {
      const timer = new AbortController();
      await Promise.race([working, delay(timeoutMs, undefined, { signal: timer.signal }).catch(() => {})]);
      timer.abort();
      stopping.abort();
      if (waiting() > 0) log.warn({ waiting: waiting() }, "Kafka has not got all events");
      else await producer.stop();
    },
  };
}
