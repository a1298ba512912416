import { isDeepStrictEqual } from "node:util";
import type { Counter, Gauge } from "@mib/service/metrics";
import type { Logger } from "@mib/service/log";
import type { RouterConfig } from "../config/router-config.ts";
import type { KeyPair } from "../http/tls/key-pair.ts";

/** What is to be in use. */
export interface Loaded {
  config: RouterConfig;
  supergraphSdl: string;
  /** By what the router shows clients who it is; null where they are served in clear. */
  keyPair: KeyPair | null;
}

export interface ReloaderOptions {
  /** Reads what there is; problems are told line by line. */
  read(): Promise<Loaded | { problems: readonly string[] }>;
  /** Makes it the one in use, or rejects and leaves the old one. */
  apply(loaded: Loaded): Promise<void>;
  log: Logger;
  reloads: Counter;
  refused: Gauge;
}

/** What is fixed when the router starts. */
const NEED_RESTART: Readonly<Record<string, (config: RouterConfig) => unknown>> = {
  listen: ({ listen }) => listen,
  tls: ({ tls }) => tls !== null,
  http2: ({ http2 }) => http2,
  streams: ({ streams }) => streams,
  websocket: ({ websocket }) => websocket,
  http_subscriptions: (config) => config.http_subscriptions,
  "authentication.revocations": ({ authentication }) => authentication?.revocations ?? null,
  "limits.header_bytes_max": ({ limits }) => limits.header_bytes_max,
  identity: ({ identity }) => identity,
  hops: ({ hops }) => hops,
  ready_url: ({ subgraphs }) => Object.entries(subgraphs).map(([name, subgraph]) => [name, subgraph.ready_url]),
  telemetry: ({ telemetry }) => telemetry,
  plugins: ({ plugins }) => plugins,
  workers: ({ workers }) => workers,
};

/** Brings what there is to read into use. What is not good is reported, and the old one goes on. */
export class Reloader {
  readonly #options: ReloaderOptions;
  #current: Loaded;
  #running: Promise<void> = Promise.resolve();

  constructor(current: Loaded, options: ReloaderOptions) {
    this.#current = current;
    this.#options = options;
  }

  get current(): Loaded {
    return this.#current;
  }

  /** Settles when what there is now is in use or refused; one run follows the other. */
  reload(): Promise<void> {
    return (this.#running = this.#running.then(() => this.#reload()));
  }

  async #reload(): Promise<void> {
    const { read, apply, log, reloads, refused } = this.#options;
    const loaded = await read();
    if ("problems" in loaded) return this.#refuse({ problems: loaded.problems });
    refused.set(0);
    if (isDeepStrictEqual(loaded, this.#current)) return;
    try {
      await apply(loaded);
    } catch (error) {
      return this.#refuse({ err: error });
    }
    const [now, before] = [loaded.config, this.#current.config];
    const fixed = Object.keys(NEED_RESTART).filter(
      (name) => !isDeepStrictEqual(NEED_RESTART[name]!(now), NEED_RESTART[name]!(before)),
    );
    this.#current = loaded;
    reloads.inc({ outcome: "applied" });
    log.info("the new configuration is in use");
    if (fixed.length > 0) log.warn({ settings: fixed }, "these settings change with a restart");
  }

  #refuse(why: object): void {
    this.#options.refused.set(1);
    this.#options.reloads.inc({ outcome: "refused" });
    this.#options.log.error(why, "the new configuration is refused, the old one stays in use");
  }
}
