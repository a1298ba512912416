import type { SelectionSetNode, VariableDefinitionNode } from "graphql";

/** What the representation of an entity is made of. */
export type RequiredSelection =
  | {
      kind: "field";
      /** Name in the data that was fetched before. */
      read: string;
      /** Name in the representation: differs where the planner was given a synthetic field. */
      write: string;
      selections: readonly RequiredSelection[] | null;
    }
  | { kind: "fragment"; on: string; selections: readonly RequiredSelection[] };

/** Changes one value on its way: sets a field of a representation, or renames a key of an entity that came back. */
export type Rewrite =
  | { kind: "set"; path: readonly string[]; field: string; value: unknown }
  | { kind: "rename"; path: readonly string[]; from: string; to: string };

/** A variable that a subgraph is given what objects around the entities have: for arguments with `@fromContext`. */
export interface ContextVariable {
  definition: VariableDefinitionNode;
  /** Where the value is; the first one that is there. */
  sources: readonly ContextSource[];
}

export interface ContextSource {
  /** How many objects above the entity: 1 for the one that it stands in, 0 where it sets the context for what is in it. */
  up: number;
  /** From there: response names, and conditions on types (`... on Type`). */
  path: readonly string[];
}

/** A variable of the client that decides whether something is fetched. */
export interface Condition {
  variable: string;
  expected: boolean;
}

/** One fetch as the planner wants it, with what it has to wait for. */
export interface PlannedFetch {
  id: number;
  subgraph: string;
  kind: "query" | "mutation" | "subscription";
  /** Where its entities, or for a root fetch its data, belong: response names, `@` for each element of a list. */
  path: readonly string[];
  /** Null for a root fetch. */
  requires: readonly RequiredSelection[] | null;
  /** Of the root type, or of `_entities`. */
  selection: SelectionSetNode;
  /** Without the one of the representations, and those of contexts. */
  variables: readonly VariableDefinitionNode[];
  contexts: readonly ContextVariable[];
  inputRewrites: readonly Rewrite[];
  outputRewrites: readonly Rewrite[];
  conditions: readonly Condition[];
  /** The label of the `@defer` whose part of the answer it is for; absent: the part that comes at once. */
  deferredTo?: string;
  /** Ids of the fetches that must be over before; all smaller than `id`. */
  after: readonly number[];
}

export interface FetchPlan {
  fetches: readonly PlannedFetch[];
  /** Of a subscription: what brings its root field, once for each event. */
  source: PlannedFetch | null;
}
