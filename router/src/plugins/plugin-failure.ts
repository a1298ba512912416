import { CodedError } from "@mib/service/coded-error";
import type { Logger } from "@mib/service/log";

/** What a plugin's failure means for a client: a coded error as it is, anything else INTERNAL_ERROR, and logged. */
export function pluginFailure(error: unknown, where: { plugin: string; hook: string }, log: Logger): CodedError {
  if (error instanceof CodedError) return error;
  log.error({ err: error, ...where }, "a plugin failed");
  return new CodedError("INTERNAL_ERROR");
}
