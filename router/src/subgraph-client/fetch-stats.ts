import type { ErrorCode } from "@mib/service/error-catalogue";
import { Buckets } from "../telemetry/bucket-histogram.ts";

/** How a fetch ended: with an answer, with one that carries errors, or with the code of what failed. */
export type FetchEnd = "ok" | "errors" | ErrorCode;

export const SECONDS_BOUNDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

/** What the fetches from one subgraph came to so far. */
export class FetchStats {
  readonly outcomes = new Map<FetchEnd, number>();
  /** Until the answer was read, retries included. */
  readonly seconds: Buckets;
  /** Representations that were sent. */
  entities = 0;
  /** Of the answers' bodies. */
  bytes = 0;

  constructor(subgraph: string) {
    this.seconds = new Buckets(SECONDS_BOUNDS, { subgraph });
  }

  ended({
    outcome,
    seconds,
    entities,
    bytes,
  }: {
    outcome: FetchEnd;
    seconds: number;
    entities: number;
    bytes: number;
  }): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    this.seconds.observe(seconds);
    this.entities += entities;
    this.bytes += bytes;
  }
}
