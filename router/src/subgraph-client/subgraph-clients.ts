import type { SubgraphEndpoint } from "../operation/federation.ts";
import type { CircuitState } from "./circuit-breaker.ts";
import type { ExchangeCounts } from "./exchange.ts";
import { FetchStats } from "./fetch-stats.ts";
import { SubgraphClient } from "./subgraph-client.ts";

/** How a subgraph is doing. */
export interface SubgraphState {
  subgraph: string;
  counts: Readonly<ExchangeCounts>;
  stats: FetchStats;
  /** Null where no breaker is configured. */
  circuit: { state: CircuitState; opened: number } | null;
}

/**
 * The clients in use, one per subgraph and its endpoint: a new supergraph takes over the connections of the old one. A client
 * that is in use no more serves on those operations of an old supergraph that are still running.
 */
export class SubgraphClients {
  readonly #clients = new Map<string, SubgraphClient>();
  /** Those whose last exchange has not ended. */
  readonly #retired = new Set<SubgraphClient>();
  /** By subgraph: they go on when its endpoint changes. */
  readonly #counts = new Map<string, ExchangeCounts>();
  readonly #stats = new Map<string, FetchStats>();

  clientFor(subgraph: string, endpoint: SubgraphEndpoint): SubgraphClient {
    const key = JSON.stringify([subgraph, endpoint]);
    let client = this.#clients.get(key);
    if (!client) {
      client = new SubgraphClient(endpoint, this.#countsOf(subgraph), this.#statsOf(subgraph));
      this.#clients.set(key, client);
    }
    return client;
  }

  /** From now on all others close their connections as soon as nothing is under way. */
  retireAllBut(current: ReadonlyMap<string, SubgraphClient>): void {
    const inUse = new Set(current.values());
    for (const [key, client] of this.#clients) {
      if (inUse.has(client)) continue;
      this.#clients.delete(key);
      this.#retired.add(client);
      client.retire(() => this.#retired.delete(client));
    }
  }

  states(current: ReadonlyMap<string, SubgraphClient>): SubgraphState[] {
    return [...current].map(([subgraph, { circuit, stats }]) => ({
      subgraph,
      counts: this.#countsOf(subgraph),
      stats,
      circuit,
    }));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values(), ...this.#retired].map((client) => client.close()));
  }

  #countsOf(subgraph: string): ExchangeCounts {
    let counts = this.#counts.get(subgraph);
    if (!counts) {
      counts = {
        requests: 0,
        failures: 0,
        retries: 0,
        retriesRefused: 0,
        circuitRefused: 0,
        hedges: 0,
        hedgesWon: 0,
        hedgesRefused: 0,
      };
      this.#counts.set(subgraph, counts);
    }
    return counts;
  }

  #statsOf(subgraph: string): FetchStats {
    let stats = this.#stats.get(subgraph);
    if (!stats) this.#stats.set(subgraph, (stats = new FetchStats(subgraph)));
    return stats;
  }
}
