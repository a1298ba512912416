import type { KafkaClient } from "@mib/events/kafka";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import type { NewsWatchEvent } from "../domain/news-watch.ts";
import type { Bound, ServingModel } from "./serving-model.ts";
import { documentVector } from "./text-embedder.ts";
import { type Read, readStream, type StreamReading } from "./stream-reader.ts";

const WATCHES = "news.watches.v1";

interface ReaderParts {
  kafka: KafkaClient;
  serving: ServingModel;
  topic?: string;
}

/** Keeps the watches in the vector store in step with those that notification announces. */
export function startNewsWatchReader(
  service: Service,
  { kafka, serving, topic = WATCHES }: ReaderParts,
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
    lastOffset: (epoch) => serving.current.watches.lastOffset(epoch),
    onRefused: () => refused.inc(),
    onEvents: (events, epoch) => serving.run((bound) => keepInStep(events, epoch, bound)),
  });
}

async function keepInStep(
  events: readonly Read<NewsWatchEvent>[],
  epoch: string,
  { embedder, watches }: Bound,
): Promise<void> {
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
          vector: await documentVector(embedder, wanted.query),
        },
  );
  // Of a text that the model does not take there is nothing to hold articles against.
  const kept = (await Promise.all(saved)).flatMap((watch) =>
    watch === null || watch.vector === null ? [] : [{ ...watch, vector: watch.vector }],
  );
  const keptIds = new Set(kept.map(({ id }) => id));
  // Removed first: what is saved says how far was read, and what came before it is not read again.
  await watches.remove([...newest.keys()].filter((id) => !keptIds.has(id)));
  await watches.save(kept);
}
