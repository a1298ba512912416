import type { Planners } from "../plan/planners.ts";
import { gatewaySupergraph } from "./gateway-supergraph.ts";
import { buildRouterSupergraph, type RouterSupergraph } from "./router-supergraph.ts";

/** The supergraph in use. One that Apollo's gateway or the planner refuses never becomes the current one. */
export class SupergraphLifeCycle {
  readonly #planners: Planners;
  #current: RouterSupergraph | null = null;

  constructor(planners: Planners) {
    this.#planners = planners;
  }

  get current(): RouterSupergraph {
    if (!this.#current) throw new Error("no supergraph is loaded");
    return this.#current;
  }

  async load(supergraphSdl: string): Promise<void> {
    const built = await buildRouterSupergraph(supergraphSdl, this.#planners);
    try {
      await this.#planners.takeSupergraph(gatewaySupergraph(supergraphSdl));
      this.#current = built;
    } finally {
      if (this.#current !== built) built.planner.release();
    }
  }

  /** Throws, and leaves the current supergraph where it is, when the new one is not good. */
  async update(supergraphSdl: string): Promise<void> {
    if (supergraphSdl === this.current.sdl) return;
    await this.load(supergraphSdl);
  }

  async close(): Promise<void> {
    await this.#planners.close();
  }
}
