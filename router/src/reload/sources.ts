import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { parseRouterConfig } from "../config/read-router-config.ts";
import type { SupergraphSourceConfig } from "../config/supergraph-source-config.ts";
import { readKeyPair } from "../http/tls/key-pair.ts";
import type { Loaded } from "./reloader.ts";
import { SupergraphUrl } from "./supergraph-url.ts";

/** Where the configuration comes from: the command line and its file, and the supergraph and keys that they name. */
export class Sources {
  readonly #args: readonly string[];
  readonly #environment: NodeJS.ProcessEnv;
  #remote: SupergraphUrl | null = null;

  constructor(args: readonly string[], environment: NodeJS.ProcessEnv) {
    this.#args = args;
    this.#environment = environment;
  }

  /** What they say now; a supergraph behind a URL as it was last asked for. */
  async read(): Promise<Loaded | { problems: readonly string[] }> {
    const parsed = parseRouterConfig(this.#args, this.#environment);
    if ("problems" in parsed) return parsed;
    const { config } = parsed;
    const supergraph = await this.#readSupergraph(config.supergraph);
    const keyPair = config.tls && readKeyPair(config.tls);
    if ("problem" in supergraph || (keyPair !== null && "problem" in keyPair))
      return { problems: [supergraph, keyPair].flatMap((read) => (read && "problem" in read ? [read.problem] : [])) };
    return { config, supergraphSdl: supergraph.sdl, keyPair };
  }

  /** Asks the supergraph's URL, where there is one, and returns whether `read` would say something else than before. */
  async poll(): Promise<boolean> {
    return (await this.#remote?.poll()) ?? false;
  }

  async #readSupergraph(settings: SupergraphSourceConfig): Promise<{ sdl: string } | { problem: string }> {
    if (settings.file === null) {
      if (!isDeepStrictEqual(this.#remote?.settings, settings)) {
        this.#remote = new SupergraphUrl(settings);
        await this.#remote.poll();
      }
      return this.#remote!.current;
    }
    this.#remote = null;
    try {
      return { sdl: readFileSync(settings.file, "utf8") };
    } catch {
      return { problem: `${settings.file}: cannot be read` };
    }
  }
}
