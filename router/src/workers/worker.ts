import type { HealthReport } from "@mib/service/health";
import type { Service } from "@mib/service/run";
import { Conversation } from "./conversation.ts";
import type { WorkerHealth, WorkerMessage } from "./worker-messages.ts";

/** A worker's way to its primary. */
export interface Worker {
  /** What the admin paths answer with: for all workers, whichever is asked. */
  health: { report(): Promise<HealthReport> };
  registry: { contentType: string; metrics(): Promise<string> };
  /** Tells the primary that this worker serves. */
  serving(): void;
}

/** Makes this process a worker: it answers for itself when the primary asks, and stops with it; Node ends it when the primary is gone. */
export function joinPrimary(service: Service): Worker {
  const send = (message: WorkerMessage) => {
    if (process.connected) process.send!(message);
  };
  const primary = new Conversation(send);
  const own = async (what: "metrics" | "health"): Promise<unknown> => {
    if (what === "metrics") return service.registry.getMetricsAsJSON();
    return { ...(await service.health.report()), pid: process.pid } satisfies WorkerHealth;
  };
  process.on("message", (message: WorkerMessage) => {
    if (message.kind === "stop") void service.shutdown("the primary stops").then(() => process.exit(0));
    else if (message.kind === "answered") primary.heard(message);
    else if (message.kind === "asked") {
      const { id, what } = message;
      void own(what).then((answer) => send({ kind: "answered", id, answer }));
    }
  });
  return {
    health: { report: async () => (await primary.ask("health")) as HealthReport },
    registry: {
      contentType: service.registry.contentType,
      metrics: async () => (await primary.ask("metrics")) as string,
    },
    serving: () => send({ kind: "serving" }),
  };
}
