import { setTimeout as delay } from "node:timers/promises";
import type { KafkaClient } from "@mib/events/kafka";
import { rangesOf, type ScanOptions, scanTopic } from "@mib/events/scan-topic";
import type { Logger } from "@mib/service/log";
import { untilAborted } from "@mib/service/until-aborted";
import { NEWS_TOPIC } from "./article.ts";

/** So many of the newest: more than all documents of some hundred sources have at once. */
const ARTICLES_MAX = 100_000n;
const RETRY_MS = 1_000;

/**
 * The ids of the newest articles that Kafka has. Documents keep their items for weeks, and consumers know an article again for a
 * while only: without these, each start would tell old articles as new ones. Tries until Kafka answers.
 */
export async function earlierArticles(
  kafka: KafkaClient,
  log: Logger,
  signal: AbortSignal,
  topic: string = NEWS_TOPIC,
): Promise<ReadonlySet<string>> {
  while (!signal.aborted) {
    const ids = new Set<string>();
    try {
      const all = await untilAborted(signal, rangesOf(kafka, topic));
      const ranges = new Map(
        [...all].map(([partition, { from, to }]) => [
          partition,
          { from: to - from > ARTICLES_MAX ? to - ARTICLES_MAX : from, to },
        ]),
      );
      const take: ScanOptions["take"] = ({ headers }) => {
        const id = headers?.["event-id"];
        if (id !== undefined) ids.add(id.toString());
      };
      await untilAborted(signal, scanTopic({ kafka, log, topic, ranges, take }));
      return ids;
    } catch (error) {
      if (signal.aborted) break;
      log.warn({ err: error, retryMs: RETRY_MS }, "which articles were told before can't be read yet");
      await delay(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
  return new Set();
}
