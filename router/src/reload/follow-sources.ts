import { Counter, Gauge } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import { Reloader, type Loaded } from "./reloader.ts";
import type { Sources } from "./sources.ts";
import { WatchedFiles } from "./watched-files.ts";

/** Reloads the router, until it stops, whenever its configuration, its supergraph or its certificate changes on the disk or behind its URL. */
export function followSources(
  service: Service,
  start: Loaded,
  {
    sources,
    configFile,
    apply,
  }: {
    sources: Sources;
    /** Null where the command line says everything. */
    configFile: string | null;
    apply(loaded: Loaded): Promise<void>;
  },
): void {
  const registers = [service.registry];
  const filesOf = ({ config: { supergraph, tls } }: Loaded) =>
    [configFile, supergraph.file, tls?.certificate_file, tls?.private_key_file].filter((file) => file != null);
  const reloader = new Reloader(start, {
    read: () => sources.read(),
    apply,
    log: service.log,
    reloads: new Counter({
      name: "router_reloads_total",
      help: "Changes of router.yaml, the supergraph or the certificate, by outcome (applied, refused).",
      labelNames: ["outcome"],
      registers,
    }),
    refused: new Gauge({
      name: "router_reload_refused",
      help: "1 while what router.yaml, the supergraph or the certificate says is refused and older settings are in use.",
      aggregator: "max",
      registers,
    }),
  });
  const watched = new WatchedFiles(() => {
    void reloader.reload().then(() => watched.follow(filesOf(reloader.current)));
  });
  watched.follow(filesOf(start));
  service.onShutdown("watched files", () => watched.close());

  let timer: NodeJS.Timeout;
  const pollLater = () => {
    timer = setTimeout(poll, reloader.current.config.supergraph.poll_ms).unref();
  };
  const poll = async () => {
    if (await sources.poll()) await reloader.reload();
    if (!service.shutdownSignal.aborted) pollLater();
  };
  pollLater();
  service.onShutdown("polled supergraph", () => clearTimeout(timer));
}
