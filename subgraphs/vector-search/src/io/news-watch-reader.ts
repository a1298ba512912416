import type { KafkaClient } from "@mib/events/kafka";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import type { NewsWatchEvent } from "../domain/news-watch.ts";
import type { Embedder } from "./embedder.ts";
import type { NewsWatchStore } from "./news-watch-store.ts";
import { readStream, type StreamReading } from "./stream-reader.ts";

const WATCHES = "news.watches.v1";

interface ReaderParts {
  kafka: KafkaClient;
  store: NewsWatchStore;
  embedder: Pick<Embedder, "embed">;
  topic?: string;
}

/** Keeps the watches in the vector store in step with those that notification announces. */
export function startNewsWatchReader(
  service: Service,
  { kafka, store, embedder, topic = WATCHES }: ReaderParts,
): StreamReading {
  const refused = new Counter({
    name: "vector_search_watches_refused_total",
    help: "Records that are no watches",
    registers: [service.registry],
  });
  return readStream<NewsWatchEvent>(service, {
    kafka,
    stream: WATCHES,
    topic,
    check: "news watches",
    lastOffset: (epoch) => store.lastOffset(epoch),
    onRefused: () => refused.inc(),
    onEvents: async (events, epoch) => {
      // Of each watch the newest alone: what came before is over.
      const newest = new Map(events.map((event) => [event.value.id, event]));
      const saved = [...newest.values()].map(async ({ value: { id, version, wanted, at }, offset }) =>
        wanted === null
          ? null
          : {
              ...wanted,
              id,
              version,
              at,
              position: { epoch, offset },
              // Behind the searches of users: built again, all watches come at once.
              vector: await embedder.embed(wanted.query, "document"),
            },
      );
      const kept = (await Promise.all(saved)).filter((watch) => watch !== null);
      // Removed first: what is saved says how far was read, and what came before it is not read again.
      await store.remove(
        [...newest.values()].filter(({ value }) => value.wanted === null).map(({ value }) => value.id),
      );
      await store.save(kept);
    },
  });
}
