import type { CallerIdentity } from "@mib/identity/caller-identity";
import type { Logger } from "@mib/service/log";
import { HookChain } from "./hook-chain.ts";
import type { EarlyAnswer, PluginRequest, RouterPlugin } from "./plugin.ts";
import { pluginFailure } from "./plugin-failure.ts";

/** Where a request comes from, as its transport knows it. */
export type RequestOrigin = Omit<PluginRequest, "identity" | "context">;

/** The hooks that follow one request of a client, from its beginning on. */
export class RequestChain extends HookChain {
  readonly #plugins: readonly RouterPlugin[];
  readonly #request: PluginRequest & { identity: CallerIdentity | null };
  readonly #log: Logger;

  constructor(plugins: readonly RouterPlugin[], origin: RequestOrigin, log: Logger) {
    super(log);
    this.#plugins = plugins;
    this.#request = { ...origin, identity: null, context: {} };
    this.#log = log;
  }

  set identity(identity: CallerIdentity) {
    this.#request.identity = identity;
  }

  /** Asks the plugins, until one has an answer. Rejects with a CodedError where one refuses; those before it hear of it. */
  async begin(): Promise<EarlyAnswer | null> {
    for (const plugin of this.#plugins) {
      try {
        const begun = plugin.onRequest!(this.#request);
        const start = begun instanceof Promise ? await begun : begun;
        if (start === undefined) continue;
        if ("answer" in start) return start.answer;
        this.add(plugin.name, start);
      } catch (error) {
        throw pluginFailure(error, { plugin: plugin.name, hook: "onRequest" }, this.#log);
      }
    }
    return null;
  }
}
