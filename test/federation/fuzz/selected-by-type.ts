import {
  isAbstractType,
  Kind,
  parse,
  print,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionSetNode,
} from "graphql";

/** How what is selected behind interfaces and unions depends on the type. */
export interface SelectedByType {
  /** A field of one name has something else in it on another type. */
  isOtherInside: boolean;
  /** A field comes at once on one type, and in a deferred part on another one. */
  isDeferredOnOne: boolean;
}

export function selectedByType(schema: GraphQLSchema, query: string): SelectedByType {
  const document = parse(query, { noLocation: true });
  const types = new TypeInfo(schema);
  const found: SelectedByType = { isOtherInside: false, isDeferredOnOne: false };
  const look = (selectionSet: SelectionSetNode) => {
    const type = types.getParentType();
    if (isAbstractType(type)) lookAt(schema, document, type, selectionSet, found);
  };
  visit(document, visitWithTypeInfo(types, { SelectionSet: look }));
  return found;
}

/** What is selected in each field of one type, by response name. */
interface Selected {
  atOnce: Map<string, string>;
  deferred: Set<string>;
}

function lookAt(
  schema: GraphQLSchema,
  document: DocumentNode,
  abstract: GraphQLAbstractType,
  selectionSet: SelectionSetNode,
  found: SelectedByType,
): void {
  const all = schema.getPossibleTypes(abstract).map((type): Selected => {
    const selected: Selected = { atOnce: new Map(), deferred: new Set() };
    collect(schema, document, type, selectionSet, false, selected);
    return selected;
  });
  for (const one of all) {
    for (const other of all) {
      for (const [name, inside] of one.atOnce) {
        const others = other.atOnce.get(name);
        found.isOtherInside ||= others !== undefined && others !== inside;
        found.isDeferredOnOne ||= others === undefined && other.deferred.has(name);
      }
    }
  }
}

function collect(
  schema: GraphQLSchema,
  document: DocumentNode,
  type: GraphQLObjectType,
  { selections }: SelectionSetNode,
  isDeferred: boolean,
  selected: Selected,
): void {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) {
      const name = (selection.alias ?? selection.name).value;
      if (isDeferred) selected.deferred.add(name);
      else
        selected.atOnce.set(
          name,
          (selected.atOnce.get(name) ?? "") + (selection.selectionSet ? print(selection.selectionSet) : ""),
        );
      continue;
    }
    const fragment =
      selection.kind === Kind.INLINE_FRAGMENT ? selection : fragmentNamed(document, selection.name.value);
    const condition = fragment.typeCondition && schema.getType(fragment.typeCondition.name.value);
    if (condition && condition !== type && !(isAbstractType(condition) && schema.isSubType(condition, type))) continue;
    const isLater = selection.directives?.some(({ name }) => name.value === "defer") === true;
    collect(schema, document, type, fragment.selectionSet, isDeferred || isLater, selected);
  }
}

function fragmentNamed({ definitions }: DocumentNode, name: string): FragmentDefinitionNode {
  return definitions.find(
    (each): each is FragmentDefinitionNode => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === name,
  )!;
}
