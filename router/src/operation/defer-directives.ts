import {
  Kind,
  visit,
  type DirectiveNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from "graphql";
import type { ClientDefer } from "../execute/told-parts.ts";
import type { ReadOperation } from "./read-operation.ts";

/** An operation with the directives that are in effect, each on an inline fragment and with a label of its own. */
export interface DeferringOperation {
  operation: OperationDefinitionNode;
  /** The client's own by our label. */
  clientDefers: ReadonlyMap<string, ClientDefer>;
}

/** The operation as if nothing were deferred; null when nothing is. */
export function withoutDefer({ operation, fragments }: ReadOperation): ReadOperation | null {
  let found = false;
  const strip = <T extends OperationDefinitionNode | FragmentDefinitionNode>(definition: T): T =>
    visit(definition, {
      Directive({ name }) {
        if (name.value !== "defer") return undefined;
        found = true;
        return null;
      },
    });
  const stripped = {
    operation: strip(operation),
    fragments: new Map([...fragments].map(([name, fragment]) => [name, strip(fragment)])),
  };
  return found ? stripped : null;
}

/** The variables that decide what is deferred. */
export function deferVariables({ operation, fragments }: ReadOperation): readonly string[] {
  const names = new Set<string>();
  for (const definition of [operation, ...fragments.values()]) {
    visit(definition, {
      Directive(directive) {
        const condition = directive.name.value === "defer" ? argumentOf(directive, "if") : undefined;
        if (condition?.kind === Kind.VARIABLE) names.add(condition.name.value);
      },
    });
  }
  return [...names].sort();
}

/**
 * Writes out the fragments, and settles for these variables what is deferred: nothing in a subscription, and neither the
 * fields of a mutation, which must be over in order, nor introspection, which costs no request. A fragment on the type
 * that the fragment around it is on loses its type: under an interface that is an object somewhere, one with `@defer` leads
 * Apollo's planner round in a circle until its memory is full.
 */
export function settleDefer(
  { operation, fragments }: ReadOperation,
  variables: Record<string, unknown>,
): DeferringOperation {
  const clientDefers = new Map<string, ClientDefer>();

  const settle = (
    directives: readonly DirectiveNode[] | undefined,
    selectionSet: SelectionSetNode,
    isRoot: boolean,
  ) => {
    const others = (directives ?? []).filter(({ name }) => name.value !== "defer");
    const defer = directives?.find(({ name }) => name.value === "defer");
    const isForbidden = isRoot && (operation.operation === "mutation" || introspects(selectionSet));
    if (!defer || isForbidden || operation.operation === "subscription" || !isActive(defer, variables)) return others;
    const label = argumentOf(defer, "label");
    const ours = `defer${clientDefers.size}`;
    clientDefers.set(ours, { label: label?.kind === Kind.STRING ? label.value : null, directive: defer });
    return [...others, deferDirective(ours)];
  };

  const expand = (selectionSet: SelectionSetNode, isRoot: boolean, around?: string): SelectionSetNode => ({
    ...selectionSet,
    selections: selectionSet.selections.flatMap((selection): SelectionNode | SelectionNode[] => {
      if (selection.kind === Kind.FIELD)
        return selection.selectionSet
          ? { ...selection, selectionSet: expand(selection.selectionSet, false) }
          : selection;
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
      if (!fragment) return [];
      const directives = settle(selection.directives, fragment.selectionSet, isRoot);
      const typeName = fragment.typeCondition?.name.value ?? around;
      return {
        kind: Kind.INLINE_FRAGMENT,
        ...(typeName !== around && { typeCondition: fragment.typeCondition }),
        ...(directives.length > 0 && { directives }),
        selectionSet: expand(fragment.selectionSet, isRoot, typeName),
      };
    }),
  });

  const introspects = ({ selections }: SelectionSetNode): boolean =>
    selections.some((selection) => {
      if (selection.kind === Kind.FIELD)
        return selection.name.value === "__schema" || selection.name.value === "__type";
      const inner = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
      return inner !== undefined && introspects(inner.selectionSet);
    });

  return { operation: { ...operation, selectionSet: expand(operation.selectionSet, true) }, clientDefers };
}

function isActive(defer: DirectiveNode, variables: Record<string, unknown>): boolean {
  const condition = argumentOf(defer, "if");
  if (condition?.kind === Kind.BOOLEAN) return condition.value;
  if (condition?.kind === Kind.VARIABLE) return (variables[condition.name.value] ?? true) === true;
  return true;
}

function argumentOf({ arguments: given }: DirectiveNode, name: string) {
  return given?.find((argument) => argument.name.value === name)?.value;
}

function deferDirective(label: string): DirectiveNode {
  return {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: "defer" },
    arguments: [
      {
        kind: Kind.ARGUMENT,
        name: { kind: Kind.NAME, value: "label" },
        value: { kind: Kind.STRING, value: label },
      },
    ],
  };
}
