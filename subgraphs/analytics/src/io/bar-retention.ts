import type { Service } from "@mib/service/run";
import type { PostgresBarHistory } from "./postgres-bar-history.ts";

const EVERY_MS = 3_600_000;

/** Deletes bars that are past their retention, once an hour. */
export function startBarRetention(service: Service, history: PostgresBarHistory): void {
  const timer = setInterval(
    () =>
      history.prune(Date.now()).catch((error: unknown) => {
        service.log.warn({ err: error }, "old bars could not be deleted; it is tried again in an hour");
      }),
    EVERY_MS,
  );
  service.onShutdown("bar retention", () => clearInterval(timer));
}
