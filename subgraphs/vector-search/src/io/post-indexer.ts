import { setTimeout as delay } from "node:timers/promises";
import { consumeEvents, type EventConsumer, type RecordBatch } from "@mib/events/consumer";
import { Deduplicator } from "@mib/events/deduplicator";
import { readEpochs } from "@mib/events/epochs";
import { decodeEvent, InvalidRecordError } from "@mib/events/event";
import type { KafkaClient } from "@mib/events/kafka";
import { idOfOffset } from "@mib/events/position";
import { validateValue } from "@mib/events/validate";
import { sentimentOf } from "@mib/sentiment/sentiment";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import type { EntityLinker } from "../domain/linking/entity-linker.ts";
import { embeddedPost, mentionedIn, postOf, type PostEvent } from "../domain/post.ts";
import type { Arrivals } from "./arrivals.ts";
import type { InstrumentDirectory } from "./instrument-directory.ts";
import type { StoredPost } from "./post-store.ts";
import type { ServingModel } from "./serving-model.ts";
import { documentVector, type TextEmbedder } from "./text-embedder.ts";

const POSTS_TOPIC = "social.posts.v1";
/** Posts are searchable after at most this many were embedded. */
const SAVED_AT_ONCE_MAX = 64;
const RETRY_MS = 1_000;
const RETENTION_EVERY_MS = 600_000;
const DAY_MS = 86_400_000;
/** Ids of the newest posts that are known again after a start: what a giver repeats is among them. */
const KNOWN_AGAIN_MAX = 500;

export interface PostIndexerParts {
  kafka: KafkaClient;
  serving: ServingModel;
  arrivals: Arrivals;
  instruments: InstrumentDirectory;
  /** Counted back from the newest post. */
  retentionDays: number;
  /** The name under which the topic is found. */
  topic?: string;
}

interface Accepted {
  event: PostEvent;
  offset: bigint;
}

/**
 * Embeds every post of the stream and stores it, going on from where the store says it is. A post that comes again is dropped,
 * as the stream drops it: the first one stands. What does not validate is passed over and counted.
 */
export function startPostIndexer(service: Service, parts: PostIndexerParts): void {
  const { log, shutdownSignal, registry } = service;
  const { topic = POSTS_TOPIC, serving, retentionDays } = parts;
  const indexed = new Counter({
    name: "vector_search_posts_indexed_total",
    help: "Posts stored",
    registers: [registry],
  });
  const refused = new Counter({
    name: "vector_search_posts_refused_total",
    help: "Records that are no posts",
    registers: [registry],
  });
  const repeated = new Counter({
    name: "vector_search_posts_repeated_total",
    help: "Posts that came again and were dropped",
    registers: [registry],
  });
  const seen = new Deduplicator();
  let consumer: EventConsumer | null = null;

  service.health.check("posts", () => {
    if (!consumer?.connected()) throw new Error("not reading the posts");
    return { lag: Number(consumer.lag().get(topic) ?? 0n) };
  });

  const starting = (async () => {
    while (!shutdownSignal.aborted) {
      try {
        const epochs = await readEpochs(parts.kafka);
        const epoch = epochs.get(POSTS_TOPIC);
        if (epoch === undefined) throw new Error(`${POSTS_TOPIC} is not provisioned yet`);
        consumer = await consumeEvents({
          kafka: parts.kafka,
          log,
          name: "vector-search-posts",
          topics: [topic],
          startOffset: (_, partition) => startOffset(epoch, partition),
          onBatch: (batch) => index(batch, epochs, epoch),
        });
        return;
      } catch (error) {
        log.warn({ err: error, retryMs: RETRY_MS }, "cannot read the posts yet");
        await delay(RETRY_MS, undefined, { signal: shutdownSignal }).catch(() => {});
      }
    }
  })();
  service.onShutdown("post indexer", async () => {
    await starting;
    await consumer?.stop();
  });
  startRetention();

  async function startOffset(epoch: string, partition: number): Promise<bigint | "earliest"> {
    const known = await serving.current.posts.newestPositions(epoch, KNOWN_AGAIN_MAX);
    const last = known[0];
    if (last === undefined) return "earliest";
    const position = { epoch, id: idOfOffset(String(last.offset)) };
    seen.restore(POSTS_TOPIC, partition, position, known.map(({ id }) => id).reverse());
    return last.offset + 1n;
  }

  async function index(batch: RecordBatch, epochs: ReadonlyMap<string, string>, epoch: string): Promise<void> {
    const accepted = batch.records.flatMap((record): Accepted[] => {
      try {
        const decoded = decodeEvent(POSTS_TOPIC, batch.partition, record, epochs);
        const validation = validateValue(POSTS_TOPIC, decoded.value);
        if (!validation.ok) throw new InvalidRecordError(validation.reason);
        if (seen.accept(decoded)) return [{ event: validation.value as PostEvent, offset: decoded.offset }];
        repeated.inc();
      } catch (error) {
        if (!(error instanceof InvalidRecordError)) throw error;
        // The relay puts it into the dead-letter topic; here it is only passed over.
        refused.inc();
      }
      return [];
    });
    // They count as seen from here on, so what can't be stored is tried again here.
    for (let from = 0; from < accepted.length; from += SAVED_AT_ONCE_MAX)
      await save(accepted.slice(from, from + SAVED_AT_ONCE_MAX), epoch);
  }

  async function save(part: readonly Accepted[], epoch: string): Promise<void> {
    for (;;) {
      try {
        const linker = await parts.instruments.linker();
        await serving.run(async ({ embedder, posts }) =>
          posts.save(await Promise.all(part.map((item) => prepare(item, { epoch, linker, embedder })))),
        );
        indexed.inc(part.length);
        parts.arrivals.announce(part.map(({ event }) => event.id));
        return;
      } catch (error) {
        if (shutdownSignal.aborted) throw error;
        log.warn({ err: error, posts: part.length, retryMs: RETRY_MS }, "posts could not be stored, trying again");
        await delay(RETRY_MS, undefined, { signal: shutdownSignal });
      }
    }
  }

  async function prepare(
    { event, offset }: Accepted,
    { epoch, linker, embedder }: { epoch: string; linker: EntityLinker; embedder: TextEmbedder },
  ): Promise<StoredPost> {
    const post = postOf(event, sentimentOf(event.text));
    const vector = await documentVector(embedder, embeddedPost(post));
    return { post, mentioned: mentionedIn(post, linker), vector, position: { epoch, offset } };
  }

  function startRetention(): void {
    const drop = () =>
      serving.current.posts
        .dropOlderThan(retentionDays * DAY_MS)
        .catch((error: unknown) => log.warn({ err: error }, "old posts could not be dropped, it is tried again"));
    void drop();
    const timer = setInterval(() => void drop(), RETENTION_EVERY_MS);
    service.onShutdown("retention of posts", () => clearInterval(timer));
  }
}
