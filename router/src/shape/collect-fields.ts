import {
  isAbstractType,
  Kind,
  type DirectiveNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  type InlineFragmentNode,
  type SelectionSetNode,
} from "graphql";

/** Variables that must have these values for something to be selected: all of them. Empty: always selected. */
export type Guard = readonly { variable: string; expected: boolean }[];

/** A selection set with the guard that it stands under. */
export interface GuardedSelection {
  selectionSet: SelectionSetNode;
  guard: Guard;
}

/** All selections of one response name on one type. */
export interface CollectedField {
  responseName: string;
  fieldName: string;
  /** The selection is there when any of these holds. */
  guards: readonly Guard[];
  selections: readonly GuardedSelection[];
  nodes: readonly FieldNode[];
}

/**
 * What is selected on a type, in the order of the response: GraphQL's CollectFields, with the variables left open. The
 * type may be an interface: then it stands for an object that only says the interface's name. With `onDefer`, what stands
 * under an inline fragment's `@defer` is handed to it and not collected.
 */
export function collectFields(
  schema: GraphQLSchema,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  type: GraphQLCompositeType,
  selections: readonly GuardedSelection[],
  onDefer?: (label: string, deferred: GuardedSelection) => void,
): CollectedField[] {
  const collected = new Map<
    string,
    { fieldName: string; guards: Guard[]; selections: GuardedSelection[]; nodes: FieldNode[] }
  >();
  const visited = new Set<string>();

  const collect = ({ selectionSet, guard: outer }: GuardedSelection): void => {
    for (const selection of selectionSet.selections) {
      const guard = guardOf(selection.directives, outer);
      if (guard === null) continue;
      if (selection.kind === Kind.FIELD) {
        const responseName = (selection.alias ?? selection.name).value;
        let field = collected.get(responseName);
        if (!field)
          collected.set(
            responseName,
            (field = { fieldName: selection.name.value, guards: [], selections: [], nodes: [] }),
          );
        field.guards.push(guard);
        field.nodes.push(selection);
        if (selection.selectionSet) field.selections.push({ selectionSet: selection.selectionSet, guard });
        continue;
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (!applies(schema, type, selection.typeCondition?.name.value)) continue;
        const label = onDefer && deferLabelOf(selection);
        if (label === undefined) collect({ selectionSet: selection.selectionSet, guard });
        else onDefer!(label, { selectionSet: selection.selectionSet, guard });
        continue;
      }
      const fragment = fragments.get(selection.name.value);
      // One fragment under two guards is selected under either, so only the same guard makes it a repetition.
      const key = `${selection.name.value}:${JSON.stringify(guard)}`;
      if (!fragment || visited.has(key)) continue;
      visited.add(key);
      if (applies(schema, type, fragment.typeCondition.name.value))
        collect({ selectionSet: fragment.selectionSet, guard });
    }
  };
  for (const selection of selections) collect(selection);
  return [...collected].map(([responseName, field]) => ({ responseName, ...field }));
}

/** Whether any of the guards is empty. */
export function isUnconditional(guards: readonly Guard[]): boolean {
  return guards.some((guard) => guard.length === 0);
}

/** The label that every active `@defer` was given before planning. */
export function deferLabelOf({ directives }: InlineFragmentNode): string | undefined {
  const defer = directives?.find(({ name }) => name.value === "defer");
  const label = defer?.arguments?.find(({ name }) => name.value === "label")?.value;
  return label?.kind === Kind.STRING ? label.value : undefined;
}

/** Null when the selection can never be there. */
export function guardOf(directives: readonly DirectiveNode[] | undefined, outer: Guard): Guard | null {
  let guard = outer;
  for (const directive of directives ?? []) {
    const name = directive.name.value;
    if (name !== "skip" && name !== "include") continue;
    const value = directive.arguments?.find((argument) => argument.name.value === "if")?.value;
    const expected = name === "include";
    if (value?.kind === Kind.BOOLEAN) {
      if (value.value !== expected) return null;
    } else if (value?.kind === Kind.VARIABLE) {
      const variable = value.name.value;
      const known = guard.find((each) => each.variable === variable);
      if (known && known.expected !== expected) return null;
      if (!known) guard = [...guard, { variable, expected }];
    }
  }
  return guard;
}

function applies(schema: GraphQLSchema, type: GraphQLCompositeType, condition: string | undefined): boolean {
  if (condition === undefined || condition === type.name) return true;
  const conditionType = schema.getType(condition);
  if (!isAbstractType(conditionType)) return false;
  return "getFields" in type && schema.isSubType(conditionType, type);
}
