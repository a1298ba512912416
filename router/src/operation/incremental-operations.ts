import { CodedError } from "@mib/service/coded-error";
import type { CompiledRequest } from "../execute/compiled-request.ts";
import type { CompileContext } from "../execute/request-part.ts";
import { deliverIncrementally } from "../execute/incremental-delivery.ts";
import type { ClientDefer } from "../execute/told-parts.ts";
import type { ExplainingNames } from "../plan/explaining-names.ts";
import type { OperationPlan } from "../plan/plan-operation.ts";
import { describePlan } from "../plan/print-plan.ts";
import { compileShaper, type ShaperSource } from "../shape/response-shaper.ts";
import { deferVariables, settleDefer } from "./defer-directives.ts";
import type { IncrementalOperation, PreparedOperation } from "./federation.ts";
import { OperationCache } from "./operation-cache.ts";
import type { ReadOperation } from "./read-operation.ts";

/** A planned operation, and what its execution is made of. */
export interface OperationCode {
  plan: OperationPlan;
  requests: readonly CompiledRequest[];
  shaperSource: ShaperSource;
  compileContext: CompileContext;
  explaining: ExplainingNames;
}

/** Choices of what is deferred that are kept per operation: variables may ask for more than anybody uses. */
const CHOICES_MAX = 16;

/**
 * Compiles an operation with `@defer` for each choice of what is deferred when it is first asked for. One that cannot be
 * planned in parts is answered whole.
 */
export function incrementalOperations(
  read: ReadOperation,
  compile: (settled: ReadOperation) => Promise<OperationCode>,
): PreparedOperation["incremental"] {
  const choices = new OperationCache<IncrementalOperation | null>({ entriesMax: CHOICES_MAX });
  const conditions = deferVariables(read);
  return (variables) =>
    choices.get(JSON.stringify(conditions.map((name) => variables[name] ?? true)), async () => {
      const { operation, clientDefers } = settleDefer(read, variables);
      if (clientDefers.size === 0) return null;
      try {
        return incrementalOperation(await compile({ operation, fragments: new Map() }), clientDefers);
      } catch (error) {
        if (error instanceof CodedError && error.code !== "SERVICE_UNAVAILABLE") return null;
        if (error instanceof RangeError) return null; // nested too deeply for a plan in parts
        throw error;
      }
    });
}

function incrementalOperation(
  { plan, requests, shaperSource, explaining }: OperationCode,
  clientDefers: ReadonlyMap<string, ClientDefer>,
): IncrementalOperation {
  const shape = compileShaper({ ...shaperSource, defers: true });
  const code = { requests, shape, clientDefers, explaining };
  return {
    plan: describePlan(plan),
    subgraphs: new Set(plan.requests.map(({ subgraph }) => subgraph)),
    execute: (call, variables) => deliverIncrementally(code, call, variables),
  };
}
