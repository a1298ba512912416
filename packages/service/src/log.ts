import { pino, stdSerializers, type DestinationStream, type Logger } from "pino";

export type { Logger };

const LEVEL_BY_DEFAULT = "info";

/**
 * Structured logs, one JSON object a line on stdout; `LOG_LEVEL` sets the least level that is written: trace, debug, info, warn,
 * error, fatal or silent.
 */
export function createLogger(name: string, destination?: DestinationStream): Logger {
  const wanted = process.env.LOG_LEVEL || LEVEL_BY_DEFAULT;
  const isKnown = wanted === "silent" || Object.hasOwn(pino.levels.values, wanted);
  const log = pino(
    {
      name,
      level: isKnown ? wanted : LEVEL_BY_DEFAULT,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: withoutArguments },
      redact: { paths: ["*.password", "*.token", "*.secret", "*.authorization"], censor: "[redacted]" },
    },
    destination,
  );
  if (!isKnown) {
    const levels = [...Object.keys(pino.levels.values), "silent"];
    log.warn({ LOG_LEVEL: wanted, levels }, `LOG_LEVEL is none of the levels: ${LEVEL_BY_DEFAULT} is used`);
  }
  return log;
}

/** Errors of Redis carry the command with its arguments: a password, or what a user was told. */
function withoutArguments(error: Error): object {
  const { command, ...told } = stdSerializers.err(error) as { command?: unknown };
  const name = typeof command === "object" && command !== null && "name" in command ? command.name : command;
  return name === undefined ? told : { ...told, command: name };
}
