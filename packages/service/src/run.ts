import type { Registry } from "prom-client";
import { Health } from "./health.ts";
import { createLogger, type Logger } from "./log.ts";
import { createRegistry } from "./metrics.ts";

/** What every process has: logs, metrics, health, and a list of what to undo at the end. */
export interface Service {
  readonly name: string;
  readonly log: Logger;
  readonly health: Health;
  readonly registry: Registry;
  /** Aborted when shutdown begins: everything that waits listens to it. */
  readonly shutdownSignal: AbortSignal;
  /** Registers a step of the shutdown. Steps run one after another, the last registered first. */
  onShutdown(label: string, step: () => void | Promise<void>): void;
  /** Runs the shutdown steps once and returns when they are done. */
  shutdown(reason: string): Promise<void>;
  /** Ends the process because of a failure that it can't recover from. */
  fail(error: unknown, message: string): void;
}

const SHUTDOWN_MS_MAX = 8_000;

/** Makes a service without tying it to the process's signals: for tests, and for `runService`. */
export function createService(name: string, { exit = () => {} }: { exit?: (code: number) => void } = {}): Service {
  const log = createLogger(name);
  const controller = new AbortController();
  const steps: { label: string; step: () => void | Promise<void> }[] = [];
  let ending: Promise<void> | undefined;

  const service: Service = {
    name,
    log,
    health: new Health(),
    registry: createRegistry(name),
    shutdownSignal: controller.signal,
    onShutdown: (label, step) => void steps.push({ label, step }),
    shutdown(reason) {
      ending ??= (async () => {
        log.info({ reason }, "stopping");
        service.health.drain();
        controller.abort();
        for (const { label, step } of steps.reverse()) {
          try {
            await step();
          } catch (error) {
            log.error({ err: error, step: label }, "a shutdown step failed");
          }
        }
        log.info("stopped");
      })();
      return ending;
    },
    fail(error, message) {
      log.fatal({ err: error }, message);
      void endWithDeadline(service, message).finally(() => exit(1));
    },
  };
  return service;
}

/**
 * Runs a process: `start` wires its parts; SIGTERM or SIGINT ends it through the registered steps within 8 seconds;
 * a second signal ends it at once; an error nobody caught is logged and ends it with exit code 1.
 */
export async function runService(name: string, start: (service: Service) => void | Promise<void>): Promise<void> {
  const service = createService(name, { exit: (code) => process.exit(code) });
  let signals = 0;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) process.exit(130);
      void endWithDeadline(service, signal).then(() => process.exit(0));
    });
  }
  process.on("uncaughtException", (error) => service.fail(error, "uncaught exception"));
  process.on("unhandledRejection", (error) => service.fail(error, "unhandled rejection"));
  try {
    await start(service);
  } catch (error) {
    service.fail(error, "could not start");
  }
}

async function endWithDeadline(service: Service, reason: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      service.log.warn({ shutdownMsMax: SHUTDOWN_MS_MAX }, "shutdown took too long, ending anyway");
      resolve();
    }, SHUTDOWN_MS_MAX);
  });
  await Promise.race([service.shutdown(reason), deadline]);
  clearTimeout(timer);
}
