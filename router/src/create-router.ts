import { readFileSync } from "node:fs";
import { adminHandler } from "@mib/service/admin-server";
import type { HealthReport } from "@mib/service/health";
import { createService } from "@mib/service/run";
import { loadSigner } from "./authentication/load-signer.ts";
import { routerConfigSchema, type RouterSettings } from "./config/router-config.ts";
import { keyPairOf } from "./http/tls/key-pair.ts";
import { loadPlugins } from "./plugins/load-plugins.ts";
import type { RouterPlugin } from "./plugins/plugin.ts";
import type { Loaded } from "./reload/reloader.ts";
import { startRouter } from "./router.ts";

/** The settings of router.yaml as an object; the supergraph may be given as text. Files are relative to the process. */
export type CreateRouterSettings = Omit<RouterSettings, "supergraph"> & {
  supergraph: Pick<RouterSettings["supergraph"], "warm_operations_max" | "warm_ms_max"> &
    (Pick<Place, "file"> | Pick<Place, "sdl">);
};

interface Place {
  file: string;
  sdl: string;
}

/** A router inside another program: it listens, and follows no files and no signals. */
export interface Router {
  /** Where GraphQL is served. */
  readonly url: string;
  /** Takes new settings into use in one step, or rejects and goes on with the old. */
  update(settings: CreateRouterSettings): Promise<void>;
  /** What `/ready` answers. */
  health(): Promise<HealthReport>;
  /** What `/metrics` answers: Prometheus text. */
  metrics(): Promise<string>;
  /** Closes sockets, lets requests end, and returns when all is closed. */
  close(): Promise<void>;
}

/** Starts a router; rejects, with every problem of the settings at once, when they are not good. */
export async function createRouter(
  settings: CreateRouterSettings,
  { plugins = [] }: { plugins?: readonly RouterPlugin[] } = {},
): Promise<Router> {
  const { config, supergraphSdl, keyPair } = read(settings);
  const loaded = await loadPlugins(config.plugins);
  const signer = await loadSigner(config);
  const service = createService("router");
  try {
    const { url, replace } = await startRouter(service, {
      config,
      supergraphSdl,
      keyPair,
      signer,
      admin: adminHandler(service),
      plugins: [...loaded, ...plugins],
    });
    return {
      url,
      update: async (next) => replace(read(next)),
      health: () => service.health.report(),
      metrics: () => service.registry.metrics(),
      close: () => service.shutdown("closed by its program"),
    };
  } catch (error) {
    await service.shutdown("could not start");
    throw error;
  }
}

function read({ supergraph, ...settings }: CreateRouterSettings): Loaded {
  const { sdl = null, file = "(given as text)", ...warm } = supergraph as typeof supergraph & Partial<Place>;
  const result = routerConfigSchema.safeParse({ ...settings, supergraph: { ...warm, file } });
  if (!result.success) {
    const problems = result.error.issues.map(({ path, message }) => `${path.map(String).join(".")}: ${message}`);
    throw new Error(`The router's settings have ${problems.length} problem(s):\n  ${problems.join("\n  ")}`);
  }
  const config = result.data;
  const keyPair = keyPairOf(config.tls);
  return { config, supergraphSdl: sdl ?? readFileSync(file, "utf8"), keyPair };
}
