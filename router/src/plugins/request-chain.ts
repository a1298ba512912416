import type { CallerIdentity } from "@mib/identity/caller-identity";
import type { CodedError } from "@mib/service/coded-error";
import type { Logger } from "@mib/service/log";
import { HookChain } from "./hook-chain.ts";
import type { EarlyAnswer, PluginRequest, RequestStart, RouterPlugin } from "./plugin.ts";
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

  /**
   * Asks the plugins, until one has an answer; a promise where one takes its time. Throws, or rejects with, a CodedError where
   * one refuses; those before it hear of it.
   */
  begin(): EarlyAnswer | null | Promise<EarlyAnswer | null> {
    return this.#beginFrom(0);
  }

  #beginFrom(first: number): EarlyAnswer | null | Promise<EarlyAnswer | null> {
    for (let index = first; index < this.#plugins.length; index++) {
      const plugin = this.#plugins[index]!;
      let start: RequestStart | Promise<RequestStart>;
      try {
        start = plugin.onRequest!(this.#request);
      } catch (error) {
        throw this.#refused(error, plugin);
      }
      if (start instanceof Promise) return this.#beginAfter(start, index);
      const answer = this.#take(start, plugin);
      if (answer !== null) return answer;
    }
    return null;
  }

  async #beginAfter(begun: Promise<RequestStart>, index: number): Promise<EarlyAnswer | null> {
    const plugin = this.#plugins[index]!;
    let start: RequestStart;
    try {
      start = await begun;
    } catch (error) {
      throw this.#refused(error, plugin);
    }
    return this.#take(start, plugin) ?? this.#beginFrom(index + 1);
  }

  /** The plugin's answer; null where it has none, and only follows. */
  #take(start: RequestStart, { name }: RouterPlugin): EarlyAnswer | null {
    if (start === undefined) return null;
    if ("answer" in start) return start.answer;
    this.add(name, start);
    return null;
  }

  #refused(error: unknown, { name }: RouterPlugin): CodedError {
    return pluginFailure(error, { plugin: name, hook: "onRequest" }, this.#log);
  }
}
