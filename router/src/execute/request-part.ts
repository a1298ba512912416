import { Kind, type GraphQLSchema, type SelectionSetNode } from "graphql";
import type { Condition, PlannedFetch, Rewrite } from "../plan/fetch-plan.ts";
import type { SubgraphResult } from "../subgraph-client/read-answer.ts";
import type { SubgraphClient } from "../subgraph-client/subgraph-client.ts";
import type { Execution, FieldFailure } from "./execution.ts";

/** What all requests of an operation share. */
export interface CompileContext {
  fullSchema: GraphQLSchema;
  clientNames: ReadonlyMap<string, string>;
  clientVariables: ReadonlyMap<string, string>;
  clientOf(subgraph: string): SubgraphClient;
  /** Paths of the objects whose fields depend on what is around them, so that equal ones may differ. */
  contextualPaths: readonly (readonly string[])[];
}

/** A list of representations as it is sent. */
export interface SentList {
  texts: readonly string[];
  /** The values of the part's context variables, as JSON; null for one that failed: nothing that takes it is asked for. */
  contexts: readonly (string | null)[];
}

/** Which of the part's context variables a list has values for. */
export type ToldContexts = readonly boolean[];

/** One part's share in one run of a request. */
export interface PartRun {
  /** Several where the objects around the entities differ in what the subgraph is told of them; null for a root fetch. */
  lists: readonly SentList[] | null;
  /** Takes what belongs to the part out of the answer, where its lists have these names. */
  receive(result: SubgraphResult, listNames: readonly string[]): void;
  /** Says why nothing came. */
  fail(failure: FieldFailure): void;
}

/** Whether a fetch under these conditions is made. */
export function holds(
  conditions: readonly Condition[],
  execution: Execution,
  clientVariables: ReadonlyMap<string, string>,
): boolean {
  return conditions.every(
    ({ variable, expected }) => (execution.variables[clientVariables.get(variable) ?? variable] === true) === expected,
  );
}

/** The response names that a fetch can bring, after its renames. */
export function responseNamesOf(fetch: PlannedFetch): string[] {
  const names = new Set<string>();
  const collect = (selectionSet: SelectionSetNode) => {
    for (const selection of selectionSet.selections) {
      if (selection.kind === Kind.FIELD) names.add((selection.alias ?? selection.name).value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet);
    }
  };
  collect(fetch.selection);
  for (const rename of renamesOf(fetch))
    if (rename.path.every((step) => step.startsWith("... on "))) names.add(rename.to);
  return [...names];
}

/** The renames that an answer needs. */
export function renamesOf(fetch: PlannedFetch): Extract<Rewrite, { kind: "rename" }>[] {
  return fetch.outputRewrites.filter((rewrite) => rewrite.kind === "rename");
}
