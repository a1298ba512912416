import type {
  DeferNode,
  FetchDataRewrite,
  FetchNode,
  PlanNode,
  QueryPlan,
  QueryPlanSelectionNode,
} from "@apollo/query-planner";
import {
  Kind,
  parse,
  visit,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type VariableDefinitionNode,
} from "graphql";
import type { SyntheticField } from "../supergraph/synthetic-fields.ts";
import type { Condition, ContextVariable, FetchPlan, PlannedFetch, RequiredSelection, Rewrite } from "./fetch-plan.ts";

/** Turns Apollo's plan tree into a list of fetches that know what they wait for, and the synthetic fields into real ones. */
export function lowerPlan(plan: QueryPlan, syntheticFields: ReadonlyMap<string, SyntheticField>): FetchPlan {
  const lowering = new Lowering(syntheticFields);
  if (plan.node?.kind !== "Subscription") {
    if (plan.node) lowering.visit(plan.node, [], [], []);
    return { fetches: lowering.fetches, source: null };
  }
  const { primary, rest } = plan.node;
  if (rest) lowering.visit(rest, [], [], []);
  return { fetches: lowering.fetches, source: lowering.lower(primary, 0, [], [], []) };
}

class Lowering {
  readonly fetches: PlannedFetch[] = [];
  readonly #syntheticFields: ReadonlyMap<string, SyntheticField>;
  /** Our id of each fetch that the planner gave one, because a deferred part waits for it. */
  readonly #awaited = new Map<string, number>();
  #deferredTo: string | null = null;

  constructor(syntheticFields: ReadonlyMap<string, SyntheticField>) {
    this.#syntheticFields = syntheticFields;
  }

  /** Returns the fetches that whatever follows the node has to wait for. */
  visit(
    node: PlanNode,
    path: readonly string[],
    conditions: readonly Condition[],
    after: readonly number[],
  ): readonly number[] {
    switch (node.kind) {
      case "Sequence":
        return node.nodes.reduce((before, each) => this.visit(each, path, conditions, before), after);
      case "Parallel":
        return [...new Set(node.nodes.flatMap((each) => this.visit(each, path, conditions, after)))];
      case "Flatten":
        return this.visit(node.node, [...path, ...node.path.map(String)], conditions, after);
      case "Condition": {
        const branch = (each: PlanNode | undefined, expected: boolean) =>
          each ? this.visit(each, path, [...conditions, { variable: node.condition, expected }], after) : after;
        return [...new Set([...branch(node.ifClause, true), ...branch(node.elseClause, false)])];
      }
      case "Fetch":
        return [this.#addFetch(node, path, conditions, after)];
      case "Defer":
        return this.#visitDefer(node, path, conditions, after);
    }
  }

  /** What follows waits for the part that comes at once, never for the deferred ones. */
  #visitDefer(
    { primary, deferred }: DeferNode,
    path: readonly string[],
    conditions: readonly Condition[],
    after: readonly number[],
  ): readonly number[] {
    const over = primary.node ? this.visit(primary.node, path, conditions, after) : after;
    const outer = this.#deferredTo;
    for (const { depends, label, node } of deferred) {
      if (label === undefined) throw new Error("the planner lost the label of a @defer");
      this.#deferredTo = label;
      const awaited = depends.flatMap(({ id }) => this.#awaited.get(id) ?? []);
      if (node) this.visit(node, path, conditions, [...new Set([...after, ...awaited])]);
    }
    this.#deferredTo = outer;
    return over;
  }

  /** A fetch of the planner as one of ours, under a number of ours. */
  lower(
    node: FetchNode,
    id: number,
    path: readonly string[],
    conditions: readonly Condition[],
    after: readonly number[],
  ): PlannedFetch {
    const operation = operationOf(node.operation);
    const definitions = (operation.variableDefinitions ?? []).filter(
      ({ variable }) => variable.name.value !== "representations",
    );
    const contexts = contextVariables(node.contextRewrites ?? [], definitions);
    const selection = this.#restore(operation.selectionSet);
    return {
      id,
      ...(this.#deferredTo !== null && { deferredTo: this.#deferredTo }),
      subgraph: node.serviceName,
      kind: operation.operation,
      path,
      requires: node.requires ? this.#required(node.requires) : null,
      selection: node.requires ? selectionOfEntities(selection) : withoutRootName(selection),
      variables: definitions.filter((each) => !contexts.some(({ definition }) => definition === each)),
      contexts,
      inputRewrites: (node.inputRewrites ?? []).map(lowerRewrite),
      outputRewrites: (node.outputRewrites ?? []).map(lowerRewrite),
      conditions,
      after,
    };
  }

  #addFetch(
    node: FetchNode,
    path: readonly string[],
    conditions: readonly Condition[],
    after: readonly number[],
  ): number {
    const id = this.fetches.length;
    if (node.id !== undefined) this.#awaited.set(node.id, id);
    this.fetches.push(this.lower(node, id, path, conditions, after));
    return id;
  }

  /** Prints `_rq1_price` as `_rq1_price: price(currency: "EUR")` again. */
  #restore<T extends SelectionSetNode>(selection: T): T {
    if (this.#syntheticFields.size === 0) return selection;
    return visit(selection, {
      Field: (field) => {
        const synthetic = this.#syntheticFields.get(field.name.value);
        if (!synthetic) return undefined;
        return { ...field, ...synthetic.field, alias: field.alias ?? { kind: Kind.NAME, value: synthetic.name } };
      },
    });
  }

  #required(selections: readonly QueryPlanSelectionNode[]): RequiredSelection[] {
    return selections.map((selection) => {
      if (selection.kind === "InlineFragment") {
        return {
          kind: "fragment",
          on: selection.typeCondition ?? "",
          selections: this.#required(selection.selections),
        };
      }
      return {
        kind: "field",
        read: selection.alias ?? selection.name,
        write: this.#syntheticFields.get(selection.name)?.field.name.value ?? selection.alias ?? selection.name,
        selections: selection.selections ? this.#required(selection.selections) : null,
      };
    });
  }
}

function operationOf(text: string): OperationDefinitionNode {
  const definition = parse(text, { noLocation: true }).definitions[0];
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error("the planner made a fetch without an operation");
  return definition;
}

/** A subgraph may call its root types something else than the supergraph does, so a fetch does not name them. */
function withoutRootName(selectionSet: SelectionSetNode): SelectionSetNode {
  return {
    ...selectionSet,
    selections: selectionSet.selections.flatMap((selection) => {
      if (selection.kind !== Kind.INLINE_FRAGMENT) return selection;
      if (!selection.directives?.length) return withoutRootName(selection.selectionSet).selections;
      const { typeCondition: _, ...fragment } = selection;
      return { ...fragment, selectionSet: withoutRootName(fragment.selectionSet) };
    }),
  };
}

function selectionOfEntities(selection: SelectionSetNode): SelectionSetNode {
  const entities = selection.selections[0];
  if (entities?.kind !== Kind.FIELD || !entities.selectionSet)
    throw new Error("the planner made an entity fetch without entities");
  return entities.selectionSet;
}

/** What the planner calls renaming a key of an object above into a variable. */
function contextVariables(
  rewrites: readonly FetchDataRewrite[],
  definitions: readonly VariableDefinitionNode[],
): ContextVariable[] {
  return definitions.flatMap((definition) => {
    const sources = rewrites
      .filter((each) => each.kind === "KeyRenamer" && each.renameKeyTo === definition.variable.name.value)
      .map(({ path }) => {
        const up = path.filter((step) => step === "..").length;
        return { up, path: path.slice(up) };
      });
    return sources.length > 0 ? [{ definition, sources }] : [];
  });
}

function lowerRewrite(rewrite: FetchDataRewrite): Rewrite {
  const path = rewrite.path.slice(0, -1);
  const last = rewrite.path.at(-1) ?? "";
  return rewrite.kind === "ValueSetter"
    ? { kind: "set", path, field: last, value: rewrite.setValueTo }
    : { kind: "rename", path, from: last, to: rewrite.renameKeyTo };
}
