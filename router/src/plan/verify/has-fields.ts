import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  Kind,
  print,
  type FieldNode,
  type GraphQLSchema,
  type SelectionSetNode,
} from "graphql";
import { matchesTypeCondition } from "../../execute/type-condition.ts";
import type { SyntheticField } from "../../supergraph/synthetic-fields.ts";
import type { RequiredSelection } from "../fetch-plan.ts";
import { requiredFields } from "./required-fields.ts";

/** What field sets are read by. */
export interface FieldSetContext {
  fullSchema: GraphQLSchema;
  syntheticFields: ReadonlyMap<string, SyntheticField>;
}

/** Whether the representations of a type have all that a field set names, with the arguments that it gives. */
export function hasFields(
  context: FieldSetContext,
  sent: readonly RequiredSelection[],
  typeName: string,
  fieldSet: SelectionSetNode,
): boolean {
  const fields = requiredFields(context.fullSchema, sent, typeName);
  return fieldSet.selections.every((selection) => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return false;
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const condition = selection.typeCondition?.name.value ?? typeName;
      const applies = matchesTypeCondition(context.fullSchema, typeName, condition);
      return !applies || hasFields(context, sent, typeName, selection.selectionSet);
    }
    if (selection.name.value === "__typename") return true;
    const field = fields.get(selection.name.value);
    if (!field || ![...field.reads].some((read) => isReadOf(context, read, selection))) return false;
    const { selectionSet } = selection;
    if (!selectionSet) return true;
    const inner = possibleTypes(context.fullSchema, typeName, selection.name.value);
    return inner.every((each) => hasFields(context, field.selections ?? [], each, selectionSet));
  });
}

/** Whether a name in the data stands for the field with these very arguments. */
export function isReadOf(
  { syntheticFields }: FieldSetContext,
  read: string,
  { name, arguments: given }: FieldNode,
): boolean {
  const synthetic = syntheticFields.get(read);
  if (!given?.length) return synthetic === undefined;
  return synthetic !== undefined && print(synthetic.field) === print({ kind: Kind.FIELD, name, arguments: given });
}

function possibleTypes(schema: GraphQLSchema, typeName: string, fieldName: string): string[] {
  const owner = schema.getType(typeName);
  const field = isCompositeType(owner) && "getFields" in owner ? owner.getFields()[fieldName] : undefined;
  const type = field && getNamedType(field.type);
  if (!isCompositeType(type)) return [];
  return isAbstractType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [type.name];
}
