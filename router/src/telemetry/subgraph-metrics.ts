import { Counter, Gauge, type Registry } from "@mib/service/metrics";
import { SECONDS_BOUNDS } from "../subgraph-client/fetch-stats.ts";
import type { SubgraphState } from "../subgraph-client/subgraph-clients.ts";
import { BucketHistogram } from "./bucket-histogram.ts";

const CIRCUIT_VALUES = { closed: 0, "half-open": 1, open: 2 };

/** How each subgraph is doing, read when it is asked for: a request pays nothing for it but a few additions. */
export function registerSubgraphMetrics(registry: Registry, states: () => readonly SubgraphState[]): void {
  const counter = (name: string, help: string, read: (state: SubgraphState) => number) =>
    new Counter({
      name,
      help,
      labelNames: ["subgraph"],
      registers: [registry],
      collect() {
        this.reset();
        for (const state of states()) this.inc({ subgraph: state.subgraph }, read(state));
      },
    });
  counter("router_subgraph_requests_total", "Requests to a subgraph, retries not counted.", (s) => s.counts.requests);
  counter("router_subgraph_failures_total", "Requests without a whole answer.", (s) => s.counts.failures);
  counter("router_subgraph_retries_total", "Requests that were made once more.", (s) => s.counts.retries);
  counter(
    "router_subgraph_retries_refused_total",
    "Retries that the budget did not allow.",
    (s) => s.counts.retriesRefused,
  );
  counter(
    "router_subgraph_circuit_refused_total",
    "Requests that were not made because the circuit was open.",
    (s) => s.counts.circuitRefused,
  );
  counter("router_subgraph_hedges_total", "Second requests beside slow ones.", (s) => s.counts.hedges);
  counter("router_subgraph_hedges_won_total", "Second requests whose answer came first.", (s) => s.counts.hedgesWon);
  counter(
    "router_subgraph_hedges_refused_total",
    "Second requests that the budget did not allow.",
    (s) => s.counts.hedgesRefused,
  );
  counter("router_subgraph_circuit_opened_total", "How often the circuit opened.", (s) => s.circuit?.opened ?? 0);
  counter("router_subgraph_entities_total", "Entities that a subgraph was asked for.", (s) => s.stats.entities);
  counter("router_subgraph_response_bytes_total", "Bytes of a subgraph's answers.", (s) => s.stats.bytes);
  const fetches = new Counter({
    name: "router_subgraph_fetches_total",
    help: "Fetches from a subgraph, by outcome: ok, errors (in an answer), or the code of what failed.",
    labelNames: ["subgraph", "outcome"],
    registers: [],
    collect() {
      this.reset();
      for (const { subgraph, stats } of states())
        for (const [outcome, count] of stats.outcomes) this.inc({ subgraph, outcome }, count);
    },
  });
  fetchSeconds(registry, states);
  const state = new Gauge({
    name: "router_subgraph_circuit_state",
    help: "0 closed, 1 half-open, 2 open; absent without a breaker.",
    aggregator: "max",
    labelNames: ["subgraph"],
    registers: [],
    collect() {
      this.reset();
      for (const { subgraph, circuit } of states()) if (circuit) this.set({ subgraph }, CIRCUIT_VALUES[circuit.state]);
    },
  });
  registry.registerMetric(fetches);
  registry.registerMetric(state);
}

function fetchSeconds(registry: Registry, states: () => readonly SubgraphState[]): BucketHistogram {
  return new BucketHistogram({
    name: "router_subgraph_fetch_seconds",
    help: "Time from a fetch to its answer, retries included.",
    bounds: SECONDS_BOUNDS,
    registry,
    kept: () => states().map(({ stats }) => stats.seconds),
  });
}
