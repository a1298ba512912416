import type { Service } from "@mib/service/run";

/** Drops now and every so often the partitions that are beyond their retention; `drop` says which they were. */
export function startRetention(
  { log, onShutdown }: Pick<Service, "log" | "onShutdown">,
  { what, everyMs, drop }: { what: string; everyMs: number; drop(): Promise<string[]> },
): void {
  const run = () =>
    drop().then(
      (names) => names.length > 0 && log.info({ partitions: names }, `dropped ${what} beyond the retention`),
      (error: unknown) => log.warn({ err: error }, `old ${what} could not be dropped, it is tried again`),
    );
  void run();
  const timer = setInterval(() => void run(), everyMs);
  onShutdown(`retention of ${what}`, () => clearInterval(timer));
}
