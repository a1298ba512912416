import { ApolloGateway } from "@apollo/gateway";

/**
 * One supergraph after the other, loaded and replaced through Apollo's gateway: its manager interface is what tools for
 * managed supergraphs speak.
 */
export class ApolloGatewayLifeCycle {
  #loaded: { gateway: ApolloGateway; update: (supergraphSdl: string) => void } | null = null;
  /** The last one that was to be taken: one follows the other. */
  #taking: Promise<void> = Promise.resolve();

  /** Rejects with what the gateway finds wrong, and goes on with the one before. */
  take(supergraphSdl: string): Promise<void> {
    const taken = this.#taking.then(() => this.#take(supergraphSdl));
    this.#taking = taken.catch(() => {});
    return taken;
  }

  async #take(supergraphSdl: string): Promise<void> {
    if (this.#loaded) return this.#loaded.update(supergraphSdl);
    // The gateway reports to Apollo unless it is told not to.
    process.env["APOLLO_TELEMETRY_DISABLED"] = "true";
    let update: (supergraphSdl: string) => void = () => {};
    const gateway = new ApolloGateway({
      supergraphSdl: async (manager) => {
        update = manager.update;
        return { supergraphSdl };
      },
      logger: SILENT, // what goes wrong is thrown, and said by who called
    });
    await gateway.load();
    this.#loaded = { gateway, update };
  }

  async stop(): Promise<void> {
    await this.#taking;
    await this.#loaded?.gateway.stop();
    this.#loaded = null;
  }
}

const ignore = (): void => {};
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };
