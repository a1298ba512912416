import { ApolloGateway } from "@apollo/gateway";
import type { Planners } from "../plan/planners.ts";
import { gatewaySupergraph } from "./gateway-supergraph.ts";
import { buildRouterSupergraph, type RouterSupergraph } from "./router-supergraph.ts";

/**
 * The supergraph in use, loaded and replaced through Apollo's gateway: its manager interface is what tools for managed
 * supergraphs speak. A supergraph that the gateway or the planner refuses never becomes the current one.
 */
export class SupergraphLifeCycle {
  readonly #planners: Planners;
  #gateway: ApolloGateway | null = null;
  #update: ((supergraphSdl: string) => void) | null = null;
  #built: RouterSupergraph | null = null;
  #current: RouterSupergraph | null = null;

  constructor(planners: Planners) {
    this.#planners = planners;
  }

  get current(): RouterSupergraph {
    if (!this.#current) throw new Error("no supergraph is loaded");
    return this.#current;
  }

  async load(supergraphSdl: string): Promise<void> {
    // The gateway reports to Apollo unless it is told not to.
    process.env["APOLLO_TELEMETRY_DISABLED"] = "true";
    this.#built = await buildRouterSupergraph(supergraphSdl, this.#planners);
    const gateway = new ApolloGateway({
      supergraphSdl: async ({ update }) => {
        this.#update = update;
        return { supergraphSdl: gatewaySupergraph(supergraphSdl) };
      },
      logger: SILENT, // what goes wrong is thrown, and said by who called
    });
    gateway.onSchemaLoadOrUpdate(() => (this.#current = this.#built));
    this.#gateway = gateway;
    await gateway.load();
  }

  /** Throws, and leaves the current supergraph where it is, when the new one is not good. */
  async update(supergraphSdl: string): Promise<void> {
    if (!this.#update) throw new Error("no supergraph is loaded");
    if (supergraphSdl === this.#current?.sdl) return;
    const built = await buildRouterSupergraph(supergraphSdl, this.#planners);
    this.#built = built;
    try {
      this.#update(gatewaySupergraph(supergraphSdl));
    } finally {
      if (this.#current !== built) built.planner.release();
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#gateway?.stop(), this.#planners.close()]);
  }
}

const ignore = (): void => {};
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };
