import {
  getNamedType,
  isCompositeType,
  isObjectType,
  Kind,
  type FieldNode,
  type GraphQLSchema,
  type GraphQLNamedType,
  type SelectionSetNode,
} from "graphql";
import { isDataObject, type DataObject } from "./execution.ts";
import { mergeValues } from "./merge.ts";
import { matchesTypeCondition } from "./type-condition.ts";

/**
 * Turns an event's value, whose fields have the names of the schema, into what a fetch of the selection would have
 * brought: response names, and the `__typename` that entities need. The value itself is not touched.
 */
export function projectEvent(schema: GraphQLSchema, selectionSet: SelectionSetNode, payload: unknown): DataObject {
  const root = schema.getSubscriptionType();
  const data: DataObject = {};
  for (const selection of selectionSet.selections) {
    if (selection.kind !== Kind.FIELD) continue;
    const type = root?.getFields()[selection.name.value]?.type;
    if (type) add(data, selection, projectValue(schema, getNamedType(type), selection.selectionSet, payload));
  }
  return data;
}

function projectValue(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
  selectionSet: SelectionSetNode | undefined,
  value: unknown,
): unknown {
  if (Array.isArray(value)) return value.map((element: unknown) => projectValue(schema, type, selectionSet, element));
  if (!selectionSet || !isCompositeType(type) || !isDataObject(value)) return value;
  const typename = isObjectType(type) ? type.name : value["__typename"];
  const projected: DataObject = {};
  projectFields(schema, typeof typename === "string" ? typename : type.name, selectionSet, value, projected);
  return projected;
}

function projectFields(
  schema: GraphQLSchema,
  typename: string,
  selectionSet: SelectionSetNode,
  value: DataObject,
  projected: DataObject,
): void {
  const type = schema.getType(typename);
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const condition = selection.typeCondition?.name.value ?? typename;
      if (matchesTypeCondition(schema, typename, condition))
        projectFields(schema, typename, selection.selectionSet, value, projected);
      continue;
    }
    if (selection.kind !== Kind.FIELD) continue;
    const name = selection.name.value;
    const field = isCompositeType(type) && "getFields" in type ? type.getFields()[name] : undefined;
    if (name === "__typename") add(projected, selection, typename);
    else if (field)
      add(projected, selection, projectValue(schema, getNamedType(field.type), selection.selectionSet, value[name]));
  }
}

/** A field that is selected twice, with a selection each time, is both. */
function add(projected: DataObject, { alias, name }: FieldNode, value: unknown): void {
  const responseName = (alias ?? name).value;
  projected[responseName] = mergeValues(projected[responseName], value);
}
