import type { Logger } from "@mib/service/log";
import { HookChain } from "./hook-chain.ts";
import type { PluginEvent, RouterPlugin } from "./plugin.ts";
import { pluginFailure } from "./plugin-failure.ts";
import { RequestChain, type RequestOrigin } from "./request-chain.ts";

/** The plugins of a router, in the order in which they are asked. */
export interface Plugins {
  /** Begins the chain of one request; null where no plugin follows requests. */
  readonly request: ((origin: RequestOrigin) => RequestChain) | null;
  /** Begins the chain of one event, null when nobody follows it; null where no plugin follows events. */
  readonly event: ((event: PluginEvent) => HookChain | null) | null;
  close(): Promise<void>;
}

export function composePlugins(plugins: readonly RouterPlugin[], log: Logger): Plugins {
  const ofRequests = plugins.filter(({ onRequest }) => onRequest);
  const ofEvents = plugins.filter(({ onEvent }) => onEvent);
  return {
    request: ofRequests.length === 0 ? null : (origin) => new RequestChain(ofRequests, origin, log),
    event: ofEvents.length === 0 ? null : (event) => beginEvent(ofEvents, event, log),
    async close() {
      for (const plugin of plugins) {
        try {
          await plugin.close?.();
        } catch (error) {
          log.error({ err: error, plugin: plugin.name }, "a plugin did not close");
        }
      }
    },
  };
}

function beginEvent(plugins: readonly RouterPlugin[], event: PluginEvent, log: Logger): HookChain | null {
  let chain: HookChain | null = null;
  for (const plugin of plugins) {
    try {
      const hooks = plugin.onEvent!(event);
      if (hooks) (chain ??= new HookChain(log)).add(plugin.name, hooks);
    } catch (error) {
      throw pluginFailure(error, { plugin: plugin.name, hook: "onEvent" }, log);
    }
  }
  return chain;
}
