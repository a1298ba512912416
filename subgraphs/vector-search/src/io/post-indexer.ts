import { setTimeout as delay } from "node:timers/promises";
import { Deduplicator } from "@mib/events/deduplicator";
import type { KafkaClient } from "@mib/events/kafka";
import { idOfOffset, type Position } from "@mib/events/position";
import { sentimentOf } from "@mib/sentiment/sentiment";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import type { EntityLinker } from "../domain/linking/entity-linker.ts";
import { embeddedPost, mentionedIn, postOf, type PostEvent } from "../domain/post.ts";
import type { Arrivals } from "./arrivals.ts";
import type { InstrumentDirectory } from "./instrument-directory.ts";
import type { StoredPost } from "./post-store.ts";
import type { ServingModel } from "./serving-model.ts";
import { type Read, readStream } from "./stream-reader.ts";
import { documentVector, type TextEmbedder } from "./text-embedder.ts";

const POSTS = "social.posts.v1";
/** The stream has one. */
const PARTITION = 0;
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

/**
 * Embeds every post of the stream and stores it, going on from where the store says it is. A post that comes again is dropped,
 * as the stream drops it: the first one stands. What does not validate is passed over and counted.
 */
export function startPostIndexer(service: Service, parts: PostIndexerParts): void {
  const { log, shutdownSignal, registry } = service;
  const { serving, retentionDays } = parts;
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

  readStream<PostEvent>(service, {
    kafka: parts.kafka,
    stream: POSTS,
    topic: parts.topic ?? POSTS,
    check: "posts",
    lastOffset,
    onRefused: () => refused.inc(),
    onEvents: async (events, epoch) => {
      const fresh = events.filter(({ eventId, offset }) =>
        seen.accept({ topic: POSTS, channel: "*", position: positionAt(epoch, offset), eventId }),
      );
      repeated.inc(events.length - fresh.length);
      // They count as seen from here on, so what can't be stored is tried again here.
      for (let from = 0; from < fresh.length; from += SAVED_AT_ONCE_MAX)
        await save(fresh.slice(from, from + SAVED_AT_ONCE_MAX), epoch);
    },
  });
  startRetention();

  async function lastOffset(epoch: string): Promise<bigint | null> {
    const known = await serving.current.posts.newestPositions(epoch, KNOWN_AGAIN_MAX);
    const last = known[0];
    if (last === undefined) return null;
    seen.restore(POSTS, PARTITION, positionAt(epoch, last.offset), known.map(({ id }) => id).reverse());
    return last.offset;
  }

  async function save(part: readonly Read<PostEvent>[], epoch: string): Promise<void> {
    for (;;) {
      try {
        const linker = await parts.instruments.linker();
        await serving.run(async ({ embedder, posts }) =>
          posts.save(await Promise.all(part.map((item) => prepare(item, { epoch, linker, embedder })))),
        );
        indexed.inc(part.length);
        parts.arrivals.announce(part.map(({ value }) => value.id));
        return;
      } catch (error) {
        if (shutdownSignal.aborted) throw error;
        log.warn({ err: error, posts: part.length, retryMs: RETRY_MS }, "posts could not be stored, trying again");
        await delay(RETRY_MS, undefined, { signal: shutdownSignal });
      }
    }
  }

  async function prepare(
    { value, offset }: Read<PostEvent>,
    { epoch, linker, embedder }: { epoch: string; linker: EntityLinker; embedder: TextEmbedder },
  ): Promise<StoredPost> {
    const post = postOf(value, sentimentOf(value.text));
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

const positionAt = (epoch: string, offset: bigint): Position => ({ epoch, id: idOfOffset(String(offset)) });
