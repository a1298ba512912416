import type { Logger } from "@mib/service/log";
import type { PlannedOperation, PluginRequest, PluginResponse, RequestHooks, RouterPlugin } from "../plugins/plugin.ts";
import { TRACE_ID } from "./trace-context.ts";

export interface AccessLogSampling {
  sampleRatio: number;
  /** A request that takes as long is logged in any case, as is one with errors. */
  slowMs: number;
  random?: () => number;
}

/** One line for each request that is sampled, had errors or was slow. It says what kind of caller asked, and not who. */
export function accessLogPlugin(log: Logger, sampling: AccessLogSampling): RouterPlugin {
  const lines = log.child({ log: "access" });
  return { name: "access log", onRequest: (request) => new AccessRecord(request, lines, sampling) };
}

class AccessRecord implements RequestHooks {
  readonly #startedAt = performance.now();
  readonly #request: PluginRequest;
  readonly #log: Logger;
  readonly #sampling: AccessLogSampling;
  #operation: PlannedOperation | null = null;
  #fetches = 0;

  constructor(request: PluginRequest, log: Logger, sampling: AccessLogSampling) {
    this.#request = request;
    this.#log = log;
    this.#sampling = sampling;
  }

  onPlan(operation: PlannedOperation): void {
    this.#operation = operation;
  }

  onSubgraphFetch(): undefined {
    this.#fetches += 1;
  }

  onResponse({ status, bytes, errorCodes }: PluginResponse): void {
    const { sampleRatio, slowMs, random = Math.random } = this.#sampling;
    const durationMs = performance.now() - this.#startedAt;
    if (errorCodes.length === 0 && durationMs < slowMs && random() >= sampleRatio) return;
    const { id, transport, method, identity, context } = this.#request;
    this.#log.info(
      {
        requestId: id,
        ...(context[TRACE_ID] !== undefined && { traceId: context[TRACE_ID] }),
        transport,
        ...(method !== null && { method }),
        operation: this.#operation?.operationName ?? null,
        kind: this.#operation?.kind ?? null,
        status,
        durationMs: Math.round(durationMs * 1_000) / 1_000,
        bytes,
        caller: identity?.credential ?? null,
        fetches: this.#fetches,
        ...(errorCodes.length > 0 && { errors: errorCodes }),
      },
      "request",
    );
  }
}
