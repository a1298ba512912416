import { encodeHeaders, header } from "@mib/events/event";
import type { KafkaClient } from "@mib/events/kafka";
import type { EventProducer } from "@mib/events/producer";
import { rangesOf, scanTopic } from "@mib/events/scan-topic";
import type { Logger } from "@mib/service/log";
import type { Service } from "@mib/service/run";
import { aboutOf, type ArticleEvent, type ArticleMention, mentionsOf } from "../domain/article.ts";
import type { InstrumentDirectory } from "./instrument-directory.ts";
import { type Read, readStream } from "./stream-reader.ts";

const NEWS = "news.articles.v1";
const LINKED = "news.linked.v1";
/** Which record of news.articles.v1 a record tells: its epoch and offset. */
const READ_FROM = "read-from";
/** Told at once: the next ones wait, so that a failure leaves no hole. */
const TOLD_AT_ONCE_MAX = 64;
/** Where nothing was ever told, what is older is no news any more. */
const FIRST_MS_MAX = 24 * 3_600_000;

interface LinkedNewsParts {
  kafka: KafkaClient;
  producer: EventProducer;
  instruments: InstrumentDirectory;
  /** The names under which the topics are found. */
  topic?: string;
  linkedTopic?: string;
}

/** An article that came, with where its text speaks of instruments. */
export interface ArrivedNews extends Read<ArticleEvent> {
  mentions: readonly ArticleMention[];
}

/**
 * Tells articles with every instrument that they are about, on `news.linked.v1`, as they come, whatever their embedding takes. Goes on after
 * the article that was told last, which the topic itself says. Told again, an article has the same event id.
 */
export function startLinkedNews(
  service: Service,
  { kafka, producer, instruments, topic = NEWS, linkedTopic = LINKED }: LinkedNewsParts,
): void {
  const linked = new LinkedNews(producer, linkedTopic);
  readStream<ArticleEvent>(service, {
    kafka,
    stream: NEWS,
    topic,
    check: "linked news",
    lastOffset: async (epoch) =>
      (await lastTold(kafka, service.log, { linkedTopic, epoch })) ?? (await lastBeforeNews(kafka, topic)),
    // Who stores articles counts them.
    onRefused: () => {},
    onEvents: async (events, epoch) => {
      const linker = await instruments.linker();
      await linked.tell(
        events.map((event) => ({ ...event, mentions: mentionsOf(event.value, linker) })),
        epoch,
      );
    },
  });
}

export class LinkedNews {
  readonly #producer: EventProducer;
  readonly #topic: string;
  /** By epoch, how far the stream is told: of a batch that is tried again only the rest is told. */
  readonly #told = new Map<string, bigint>();

  constructor(producer: EventProducer, topic: string) {
    this.#producer = producer;
    this.#topic = topic;
  }

  /** Returns when all are in the log; after a failure what was told is the beginning of the batch, but for the part that failed. */
  async tell(arrived: readonly ArrivedNews[], epoch: string): Promise<void> {
    const told = this.#told.get(epoch) ?? -1n;
    const news = arrived.filter(({ offset }) => offset > told);
    for (let from = 0; from < news.length; from += TOLD_AT_ONCE_MAX) {
      const part = news.slice(from, from + TOLD_AT_ONCE_MAX);
      await Promise.all(part.map((each) => this.#send(each, epoch)));
      this.#told.set(epoch, part.at(-1)!.offset);
    }
  }

  #send({ value, mentions, eventId, traceparent, offset }: ArrivedNews, epoch: string): Promise<void> {
    const event = {
      topic: this.#topic,
      key: null,
      channel: "*",
      eventId,
      traceparent,
      value: JSON.stringify(linkedOf(value, mentions)),
    };
    const headers = { ...encodeHeaders(event), [READ_FROM]: `${epoch}/${offset}` };
    return this.#producer.sendRecord(this.#topic, { key: null, value: event.value, headers });
  }
}

/** The offset of the article that was told last; null where none of this epoch was. */
async function lastTold(
  kafka: KafkaClient,
  log: Logger,
  { linkedTopic, epoch }: { linkedTopic: string; epoch: string },
): Promise<bigint | null> {
  const ends = await rangesOf(kafka, linkedTopic);
  const last = [...ends].map(
    ([partition, { from, to }]) => [partition, { from: to - 1n < from ? from : to - 1n, to }] as const,
  );
  let told: bigint | null = null;
  await scanTopic({
    kafka,
    log,
    topic: linkedTopic,
    ranges: new Map(last),
    take: ({ headers = {} }) => {
      const [itsEpoch, offset = ""] = (header(headers, READ_FROM) ?? "").split("/");
      if (itsEpoch === epoch && /^\d+$/u.test(offset)) told = BigInt(offset);
    },
  });
  return told;
}

/** The offset before the first article that is still news. */
async function lastBeforeNews(kafka: KafkaClient, topic: string): Promise<bigint> {
  const [range] = (await rangesOf(kafka, topic, { fromMs: Date.now() - FIRST_MS_MAX })).values();
  return (range?.from ?? 0n) - 1n;
}

function linkedOf(
  { id, title, summary, url, source, publishedAt, instruments }: ArticleEvent,
  mentions: readonly ArticleMention[],
) {
  const symbols = instruments.map(({ symbol }) => symbol);
  const about = aboutOf({ symbols, mentions }).map((symbol) => ({ symbol }));
  return { id, title, summary: summary ?? null, url: url ?? null, source, publishedAt, instruments, about };
}
