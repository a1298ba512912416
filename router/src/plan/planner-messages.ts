import type { QueryPlan } from "@apollo/query-planner";

/** What the planner's thread is asked, one at a time. `planner` names a supergraph that it has built. */
export type PlannerRequest =
  | { kind: "build"; planner: number; supergraphSdl: string }
  | { kind: "take"; supergraphSdl: string }
  | { kind: "plan"; planner: number; document: string; operationName: string | null; overrides: readonly string[] }
  | { kind: "release"; planner: number };

/**
 * Its answer. A refusal is the client's matter and carries a message for it, a bad supergraph that of whoever made it; a
 * fault is ours.
 */
export type PlannerReply =
  | { kind: "done"; plan: QueryPlan | null }
  | { kind: "refusal"; code: "OPERATION_NOT_RESOLVABLE" | "OPERATION_LIMIT_EXCEEDED"; message: string }
  | { kind: "bad supergraph"; message: string }
  | { kind: "fault"; message: string };
