// The thread in which operations are planned, so that planning never keeps requests waiting.
import { parentPort } from "node:worker_threads";
import { CodedError } from "@mib/service/coded-error";
import { apolloPlanner, type PlanText } from "./apollo-planner.ts";
import type { PlannerReply, PlannerRequest } from "./planner-messages.ts";

const planners = new Map<number, PlanText>();

parentPort!.on("message", (request: PlannerRequest) => parentPort!.postMessage(reply(request)));

function reply(request: PlannerRequest): PlannerReply {
  try {
    return { kind: "done", plan: handle(request) };
  } catch (error) {
    if (error instanceof CodedError)
      return { kind: "refusal", code: "OPERATION_NOT_RESOLVABLE", message: error.message };
    if (error instanceof RangeError)
      return { kind: "refusal", code: "OPERATION_LIMIT_EXCEEDED", message: "The operation is nested too deeply" };
    return { kind: "fault", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function handle(request: PlannerRequest) {
  switch (request.kind) {
    case "build":
      planners.set(request.planner, apolloPlanner(request.supergraphSdl));
      return null;
    case "plan":
      return planners.get(request.planner)!(request.document, request.operationName, request.overrides);
    case "release":
      planners.delete(request.planner);
      return null;
  }
}
