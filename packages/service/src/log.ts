import { pino, type Logger } from "pino";

export type { Logger };

/** Structured logs, one JSON object a line on stdout; `LOG_LEVEL` sets the least level that is written. */
export function createLogger(name: string): Logger {
  return pino({
    name,
    level: process.env.LOG_LEVEL ?? "info",
    base: { name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ["*.password", "*.token", "*.secret", "*.authorization"], censor: "[redacted]" },
  });
}
