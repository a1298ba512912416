import { Counter, Gauge, Histogram, type Registry } from "@mib/service/metrics";
import { getOperationAST } from "graphql";
import type { Plugin } from "graphql-yoga";

const OPERATION_NAMES_MAX = 200;
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Measures every operation by its name; after 200 different names the rest counts as "other". */
export function useOperationMetrics(registry: Registry): Plugin {
  const duration = new Histogram({
    name: "subgraph_operation_duration_seconds",
    help: "Time to execute an operation",
    labelNames: ["operation", "kind", "outcome"] as const,
    buckets: SECONDS,
    registers: [registry],
  });
  const errors = new Counter({
    name: "subgraph_errors_total",
    help: "Errors in answers, by code",
    labelNames: ["code"] as const,
    registers: [registry],
  });
  const running = new Gauge({
    name: "subgraph_operations_running",
    help: "Operations being executed",
    registers: [registry],
  });
  const names = new Set<string>();

  function labelOf(name: string): string {
    if (names.has(name)) return name;
    if (names.size >= OPERATION_NAMES_MAX) return "other";
    names.add(name);
    return name;
  }

  return {
    onExecute({ executeFn, setExecuteFn, args }) {
      const operation = getOperationAST(args.document, args.operationName);
      const labels = {
        operation: labelOf(operation?.name?.value ?? "anonymous"),
        kind: operation?.operation ?? "query",
      };
      setExecuteFn(async (given) => {
        running.inc();
        const end = duration.startTimer(labels);
        let outcome = "error";
        try {
          const result = await executeFn(given);
          if (!("errors" in result) || !result.errors?.length) outcome = "ok";
          return result;
        } finally {
          running.dec();
          end({ outcome });
        }
      });
    },
    onExecutionResult({ result }) {
      if (!result || !("errors" in result)) return;
      for (const error of result.errors ?? []) {
        const code = error.extensions?.code;
        errors.inc({ code: typeof code === "string" ? code : "UNKNOWN" });
      }
    },
  };
}
