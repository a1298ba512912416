import type { StreamKind } from "../../../router/src/supergraph/streamed-directive.ts";

/** What all parts of the benchmark of streams are given. */
export interface StreamsBench {
  topic: string;
  redisUrl: string;
  quick: boolean;
}

/** A topic, and where its events come from: a window that the relay fills, or a stream that a service fills. */
export interface BenchTopic {
  topic: string;
  redisUrl: string;
  source?: StreamKind;
}

/** The stream of the bench's only channel, as the router names it. */
export const streamKey = (topic: string): string => `${topic}:S`;
