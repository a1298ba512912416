import { Kind, print, type FieldNode, type SelectionSetNode, type VariableDefinitionNode } from "graphql";
import type { RouterSupergraph } from "../../supergraph/router-supergraph.ts";
import type { ContextVariable, FetchPlan, PlannedFetch } from "../fetch-plan.ts";
import { splitFetches } from "../split-fetches.ts";
import { variablesIn } from "../variables-in.ts";
import { moveFields, type MovedFields } from "./move-fields.ts";
import type { Step } from "./field-ways.ts";
import { TYPENAME } from "./required-selections.ts";
import { sendKeyed } from "./send-keyed.ts";
import { contextsIn, splitContexts } from "./split-contexts.ts";
import { splitRequirements } from "./split-requirements.ts";

/**
 * Makes a plan that asks each subgraph only for what it can resolve, as far as that is possible: what it cannot resolve
 * where it is asked is moved into entity fetches of subgraphs that can, after fetches of what those need. Whether the
 * outcome is right is for the verifier to say.
 */
export function repairPlan(supergraph: RouterSupergraph, rootType: string, plan: FetchPlan): FetchPlan {
  return new Repair(supergraph, rootType).repair(plan);
}

/** A fetch that has no number yet. */
type Unnumbered = Omit<PlannedFetch, "id" | "after">;

class Repair {
  readonly #supergraph: RouterSupergraph;
  readonly #rootType: string;
  readonly #fetches: PlannedFetch[] = [];
  /** Ids of the fetches that were added, by their content. */
  readonly #added = new Map<string, readonly number[]>();

  constructor(supergraph: RouterSupergraph, rootType: string) {
    this.#supergraph = supergraph;
    this.#rootType = rootType;
  }

  repair({ fetches, source }: FetchPlan): FetchPlan {
    let repairedSource = source;
    let afterSource: readonly number[] = [];
    if (source) {
      const { selection, moved } = moveFields(this.#supergraph, { ...source, requires: null }, this.#rootType);
      repairedSource = { ...source, selection };
      const event = { ...source, kind: "query", path: [], variables: [], contexts: [], conditions: [] } as const;
      afterSource = this.#addMoved({ ...event, requires: null, inputRewrites: [], outputRewrites: [] }, moved, []);
    }
    const renumbered = new Map<number, readonly number[]>();
    const split = splitFetches(fetches, (fetch) => splitContexts(this.#supergraph, fetch));
    for (const fetch of split) {
      const after = [...afterSource, ...fetch.after.flatMap((id) => renumbered.get(id)!)];
      const ids = splitRequirements(this.#supergraph, fetch).flatMap((each) => {
        const part = sendKeyed(this.#supergraph, each);
        const added = this.#added.get(contentOf(part));
        return added ? [...after, ...added] : this.#add(part, after);
      });
      renumbered.set(fetch.id, ids);
    }
    return { fetches: this.#fetches, source: repairedSource };
  }

  /** Returns the ids of the fetch and of those that bring what it cannot. */
  #add(fetch: Unnumbered, after: readonly number[]): readonly number[] {
    const queryType = this.#supergraph.fullSchema.getQueryType()!.name;
    const typeName = fetch.requires ? null : fetch.path.length === 0 ? this.#rootType : queryType;
    const { selection, moved } = moveFields(this.#supergraph, fetch, typeName);
    if (selection.selections.every((each) => each === TYPENAME)) return after; // all of it is never selected
    const id = this.#fetches.length;
    const variables = usedIn(selection, fetch.variables);
    const contexts = contextsIn(selection, fetch.contexts);
    this.#fetches.push({ ...fetch, id, selection, variables, contexts, after: [...new Set(after)] });
    return [id, ...this.#addMoved(fetch, moved, [id])];
  }

  #addMoved(fetch: Unnumbered, moved: readonly MovedFields[], after: readonly number[]): number[] {
    return mergeMoved(moved).flatMap((each) => this.#addSteps(fetch, each, after));
  }

  #addSteps(fetch: Unnumbered, { path, typeName, guard, steps }: MovedFields, after: readonly number[]): number[] {
    const merged = new Map<string, { step: Step; fields: Map<string, FieldNode> }>();
    for (const step of steps) {
      const known = merged.get(callOf(step)) ?? { step, fields: new Map() };
      known.fields.set(print(step.field), step.field);
      merged.set(callOf(step), known);
    }
    const conditions = [...fetch.conditions, ...guard];
    const ids = new Map<string, readonly number[]>();
    for (const [call, { step, fields }] of merged) {
      const selection = selectionOn(step.typeName, [...fields.values()]);
      const added: Unnumbered = {
        subgraph: step.subgraph,
        kind: "query",
        path: [...fetch.path, ...path],
        requires: [{ kind: "fragment", on: typeName, selections: step.requires }],
        selection,
        variables: usedIn(selection, fetch.variables),
        contexts: contextsFrom(fetch.contexts, path),
        inputRewrites:
          step.typeName === typeName
            ? []
            : [{ kind: "set", path: [`... on ${typeName}`], field: "__typename", value: step.typeName }],
        outputRewrites: [],
        conditions: conditions.filter(
          ({ variable }, index) => conditions.findIndex((each) => each.variable === variable) === index,
        ),
        ...(fetch.deferredTo !== undefined && { deferredTo: fetch.deferredTo }),
      };
      const before = step.after.flatMap((each) => ids.get(callOf(each))!);
      const own = this.#add(added, [...after, ...before]);
      this.#added.set(contentOf(added), own);
      ids.set(call, own);
    }
    return [...ids.values()].flat();
  }
}

/** All that follows for the same objects under the same conditions. */
function mergeMoved(moved: readonly MovedFields[]): MovedFields[] {
  const merged = new Map<string, MovedFields>();
  for (const each of moved) {
    const key = JSON.stringify([each.path, each.typeName, each.guard]);
    merged.set(key, { ...each, steps: [...(merged.get(key)?.steps ?? []), ...each.steps] });
  }
  return [...merged.values()];
}

/** Equal for steps that send the same to the same subgraph. */
function callOf({ subgraph, typeName, requires }: Step): string {
  return JSON.stringify([subgraph, typeName, requires]);
}

function contentOf({ selection, conditions, ...rest }: Unnumbered): string {
  const { subgraph, path, requires, inputRewrites, outputRewrites, deferredTo } = rest;
  return JSON.stringify([
    print(selection),
    conditions.map(({ variable, expected }) => `${variable} ${expected}`).sort(),
    [subgraph, path, requires, inputRewrites, outputRewrites, deferredTo],
  ]);
}

function selectionOn(typeName: string, selections: readonly FieldNode[]): SelectionSetNode {
  const typeCondition = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: typeName } } as const;
  const selectionSet: SelectionSetNode = { kind: Kind.SELECTION_SET, selections };
  return { kind: Kind.SELECTION_SET, selections: [{ kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet }] };
}

function usedIn(selection: SelectionSetNode, variables: readonly VariableDefinitionNode[]): VariableDefinitionNode[] {
  const used = variablesIn(selection);
  return variables.filter(({ variable }) => used.has(variable.name.value));
}

/** As objects at a path below the entities see them. */
function contextsFrom(contexts: readonly ContextVariable[], path: readonly string[]): ContextVariable[] {
  const below = path.filter((step) => step !== "@").length;
  return contexts.map(({ definition, sources }) => ({
    definition,
    sources: sources.map((source) => ({ ...source, up: source.up + below })),
  }));
}
