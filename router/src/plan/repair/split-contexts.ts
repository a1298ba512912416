import { Kind, type GraphQLSchema, type SelectionNode, type SelectionSetNode } from "graphql";
import { matchesTypeCondition } from "../../execute/type-condition.ts";
import { guardOf, isUnconditional, type Guard } from "../../shape/collect-fields.ts";
import type { RouterSupergraph } from "../../supergraph/router-supergraph.ts";
import type { Condition, ContextVariable, PlannedFetch, RequiredSelection } from "../fetch-plan.ts";
import { sendTypes } from "../send-types.ts";
import { variablesIn } from "../variables-in.ts";
import { sentTypeName } from "../verify/required-fields.ts";
import { TYPENAME } from "./required-selections.ts";

/** Fetches that one becomes by its conditions: past that it stays as it is. */
const FETCHES_MAX = 16;

/**
 * A fetch that takes contexts becomes several, each for objects and under conditions that need all of its contexts or none:
 * where a context is not needed, its value may not be there, and what is asked with none must not wait for it.
 */
export function splitContexts(supergraph: RouterSupergraph, fetch: PlannedFetch): readonly PlannedFetch[] {
  if (fetch.contexts.length === 0) return [fetch];
  const ofTypes = splitByTypes(supergraph, fetch);
  const all = ofTypes.flatMap((each) => splitByConditions(each));
  return all.length > FETCHES_MAX ? ofTypes : all;
}

/** Objects of one type may need a context that those of another one do not. */
function splitByTypes({ fullSchema }: RouterSupergraph, fetch: PlannedFetch): PlannedFetch[] {
  if (fetch.requires === null) return [fetch];
  const typesOf = new Map<string, string[]>();
  for (const typeName of requiredTypes(fullSchema, fetch.requires)) {
    const selection = selectionFor(fullSchema, fetch.selection, sentTypeName(fullSchema, fetch, typeName));
    const needed = contextsIn(selection, fetch.contexts).map(({ definition }) => definition.variable.name.value);
    typesOf.set(needed.join(), [...(typesOf.get(needed.join()) ?? []), typeName]);
  }
  if (typesOf.size < 2) return [fetch];
  return [...typesOf.values()].map((typeNames) => {
    const sentNames = typeNames.map((typeName) => sentTypeName(fullSchema, fetch, typeName));
    const selections = fetch.selection.selections.filter((each) =>
      sentNames.some((name) => mayApply(fullSchema, each, name)),
    );
    return selecting(
      { ...fetch, requires: sendTypes({ fullSchema }, fetch.requires!, typeNames) },
      { ...fetch.selection, selections },
    );
  });
}

/** The types that objects are sent of: where they are sent as an interface, that alone. */
function requiredTypes(schema: GraphQLSchema, requires: readonly RequiredSelection[]): Set<string> {
  const names = requires.flatMap((each) => (each.kind === "fragment" ? [each.on] : []));
  return new Set(
    names.filter((name) => !names.some((other) => other !== name && matchesTypeCondition(schema, name, other))),
  );
}

function selectionFor(schema: GraphQLSchema, selection: SelectionSetNode, typeName: string): SelectionSetNode {
  return { ...selection, selections: selection.selections.filter((each) => mayApply(schema, each, typeName)) };
}

function mayApply(schema: GraphQLSchema, selection: SelectionNode, typeName: string): boolean {
  const condition = selection.kind === Kind.INLINE_FRAGMENT ? selection.typeCondition?.name.value : undefined;
  if (condition === undefined) return true;
  return matchesTypeCondition(schema, typeName, condition) || matchesTypeCondition(schema, condition, typeName);
}

/** While variables skip all fields that take a context, it is not needed. */
function splitByConditions(fetch: PlannedFetch): PlannedFetch[] {
  const variable = decidingVariable(fetch);
  if (variable === null) return [fetch];
  return [true, false].flatMap((expected) => {
    const conditions: Condition[] = [...fetch.conditions, { variable, expected }];
    const selection = selectedUnder(fetch.selection, conditions);
    return isEmpty(selection) ? [] : splitByConditions(selecting({ ...fetch, conditions }, selection));
  });
}

/** A variable that decides whether some context is needed; null when each one is, or none. */
function decidingVariable({ selection, contexts, conditions }: PlannedFetch): string | null {
  for (const { definition } of contexts) {
    const guards = guardsOfUses(selection, definition.variable.name.value, conditions);
    if (isUnconditional(guards.map((guard) => without(guard, conditions)))) continue;
    const deciding = guards.flatMap((guard) => without(guard, conditions))[0];
    if (deciding) return deciding.variable;
  }
  return null;
}

function without(guard: Guard, conditions: readonly Condition[]): Guard {
  return guard.filter(({ variable }) => !conditions.some((each) => each.variable === variable));
}

/** When each of the fields is selected that are given a variable. */
function guardsOfUses({ selections }: SelectionSetNode, variable: string, outer: Guard): Guard[] {
  return selections.flatMap((selection): Guard[] => {
    const guard = guardOf(selection.directives, outer);
    if (guard === null || selection.kind === Kind.FRAGMENT_SPREAD) return [];
    const isGiven =
      selection.kind === Kind.FIELD &&
      selection.arguments?.some(({ value }) => value.kind === Kind.VARIABLE && value.name.value === variable) === true;
    const inner = selection.selectionSet ? guardsOfUses(selection.selectionSet, variable, guard) : [];
    return isGiven ? [guard, ...inner] : inner;
  });
}

/** What is left of a selection under conditions. */
function selectedUnder(selectionSet: SelectionSetNode, outer: Guard): SelectionSetNode {
  const selections = selectionSet.selections.flatMap((selection): SelectionNode[] => {
    const guard = guardOf(selection.directives, outer);
    if (guard === null) return [];
    if (selection.kind === Kind.FRAGMENT_SPREAD || !selection.selectionSet) return [selection];
    const inner = selectedUnder(selection.selectionSet, guard);
    if (inner.selections.length > 0) return [{ ...selection, selectionSet: inner }];
    // The object is there all the same.
    const bare = { ...inner, selections: [TYPENAME] };
    return selection.kind === Kind.FIELD ? [{ ...selection, selectionSet: bare }] : [];
  });
  return { ...selectionSet, selections };
}

function isEmpty({ selections }: SelectionSetNode): boolean {
  return selections.every((selection) => selection.kind === Kind.INLINE_FRAGMENT && isEmpty(selection.selectionSet));
}

function selecting(fetch: PlannedFetch, selection: SelectionSetNode): PlannedFetch {
  const used = variablesIn(selection);
  return {
    ...fetch,
    selection,
    variables: fetch.variables.filter(({ variable }) => used.has(variable.name.value)),
    contexts: contextsIn(selection, fetch.contexts),
  };
}

/** The contexts that a selection needs. */
export function contextsIn(selection: SelectionSetNode, contexts: readonly ContextVariable[]): ContextVariable[] {
  const used = variablesIn(selection);
  return contexts.filter(({ definition }) => used.has(definition.variable.name.value));
}
