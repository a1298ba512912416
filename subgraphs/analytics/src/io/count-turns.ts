import { Gauge } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import type { AllTurns } from "../context.ts";

/** Says in the metrics how many pieces of work wait for their turn. */
export function countTurns({ registry }: Service, turns: AllTurns): void {
  const waiting = new Gauge({
    name: "analytics_turns_waiting",
    help: "Pieces of work of queries that wait for their turn: passes over bars in memory, readings of stored ones, forecast tracks",
    labelNames: ["kind"],
    registers: [],
    collect() {
      for (const [kind, queue] of Object.entries(turns)) this.set({ kind }, queue.waiting);
    },
  });
  registry.registerMetric(waiting);
}
