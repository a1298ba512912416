// The thread in which operations are planned, so that planning never keeps requests waiting.
import { parentPort } from "node:worker_threads";
import { CodedError } from "@mib/service/coded-error";
import { apolloPlanner, type PlanText } from "./apollo-planner.ts";
import { ApolloGatewayLifeCycle } from "../supergraph/apollo-gateway-life-cycle.ts";
import type { PlannerReply, PlannerRequest } from "./planner-messages.ts";

const planners = new Map<number, PlanText>();
const gateway = new ApolloGatewayLifeCycle();

parentPort!.on("message", async (request: PlannerRequest) => parentPort!.postMessage(await reply(request)));

async function reply(request: PlannerRequest): Promise<PlannerReply> {
  try {
    return { kind: "done", plan: request.kind === "take" ? await take(request) : handle(request) };
  } catch (error) {
    if (request.kind === "take") return { kind: "bad supergraph", message: (error as Error).message };
    if (error instanceof CodedError)
      return { kind: "refusal", code: "OPERATION_NOT_RESOLVABLE", message: error.message };
    if (error instanceof RangeError)
      return { kind: "refusal", code: "OPERATION_LIMIT_EXCEEDED", message: "The operation is nested too deeply" };
    return { kind: "fault", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

async function take({ supergraphSdl }: PlannerRequest & { kind: "take" }): Promise<null> {
  await gateway.take(supergraphSdl);
  return null;
}

function handle(request: Exclude<PlannerRequest, { kind: "take" }>) {
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
