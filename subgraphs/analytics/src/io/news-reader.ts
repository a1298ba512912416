import { createHash } from "node:crypto";
import { consumeEvents, type RecordBatch } from "@mib/events/consumer";
import type { KafkaClient } from "@mib/events/kafka";
import { validateValue } from "@mib/events/validate";
import { articleText, sentimentOfArticle } from "@mib/sentiment/sentiment";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import type { NewsMemory } from "../domain/news/news-memory.ts";

const NEWS_TOPIC = "news.linked.v1";

/** The value of a record of news.linked.v1, as far as analytics reads it. */
interface LinkedArticle {
  id: string;
  title: string;
  summary?: string | null;
  publishedAt: string;
  about: readonly { symbol: string }[];
}

/** Takes what Kafka has of the news into the memory, from the beginning at each start: nothing of it is stored. */
export async function startNewsReader(
  service: Service,
  { kafka, news }: { kafka: KafkaClient; news: NewsMemory },
): Promise<void> {
  const invalid = new Counter({
    name: "analytics_invalid_news_total",
    help: "Records that are no linked articles.",
    registers: [service.registry],
  });
  const consumer = await consumeEvents({
    kafka,
    log: service.log,
    name: "mib-analytics-news",
    topics: [NEWS_TOPIC],
    startOffset: () => "earliest",
    onBatch: async ({ records }) => {
      for (const record of records) if (!hear(news, record)) invalid.inc();
    },
  });
  service.health.check("news", () => ({ lag: Number(consumer.lag().get(NEWS_TOPIC) ?? 0n) }));
  service.onShutdown("news", () => consumer.stop());
}

/** False where the record is no article. */
function hear(news: NewsMemory, { value, timestamp }: RecordBatch["records"][number]): boolean {
  const validation = value === null ? null : validateValue(NEWS_TOPIC, value.toString());
  if (!validation?.ok) return false;
  const { id, title, summary = null, publishedAt, about } = validation.value as LinkedArticle;
  const [publishedMs, toldMs] = [Date.parse(publishedAt), Number(timestamp)];
  // The schema lets a 45th of May pass.
  if (Number.isNaN(publishedMs)) return false;
  news.heard({ publishedMs, toldMs });
  const sentiment = about.length === 0 ? null : sentimentOfArticle({ title, summary });
  if (sentiment === null) return true;
  const textHash = createHash("sha1").update(articleText({ title, summary })).digest("base64");
  const article = { id, publishedMs, toldMs, textHash, sentiment };
  for (const symbol of new Set(about.map((each) => each.symbol))) news.add(symbol, article);
  return true;
}
