import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  Kind,
  type FieldNode,
  type GraphQLAbstractType,
  type GraphQLCompositeType,
  type ValueNode,
} from "graphql";
import { collectFields, type CollectedField, type Guard, type GuardedSelection } from "../../shape/collect-fields.ts";
import { dependentOnType, partsDependentOnType } from "../../shape/type-dependence.ts";
import type { RouterSupergraph } from "../../supergraph/router-supergraph.ts";
import { deferredLabels, isBefore, type DeferredLabels } from "../deferred-labels.ts";
import type { PlannedFetch } from "../fetch-plan.ts";
import type { NormalizedOperation } from "../normalize-operation.ts";
import type { FetchedData, FetchedField, Position } from "./fetched-data.ts";
import { isImplied } from "./guards.ts";
import { unresolvable } from "./unresolvable.ts";

/**
 * Throws unless all fetches together bring everything that the client selects, on every type that an object can have and
 * whatever the variables are, and each part of it those for that part and for the ones before it. Apollo's planner leaves out
 * without a word what no subgraph can provide.
 */
export function checkCoverage(
  supergraph: RouterSupergraph,
  normalized: NormalizedOperation,
  data: FetchedData,
  fetches: readonly PlannedFetch[],
): void {
  const { operation } = normalized;
  const type = supergraph.apiSchema.getRootType(operation.operation)!;
  const selections = [{ selectionSet: operation.selectionSet, guard: [] }];
  new CoverageCheck(supergraph, normalized, data, fetches).visit(type, selections, data.root(), null);
}

class CoverageCheck {
  readonly #supergraph: RouterSupergraph;
  readonly #normalized: NormalizedOperation;
  readonly #data: FetchedData;
  readonly #fetches: readonly PlannedFetch[];
  readonly #labels: DeferredLabels;
  /** The ids of the fetches that are over when a part comes, by its label. */
  readonly #before = new Map<string | null, ReadonlySet<number>>();
  readonly #checked = new Set<string>();

  constructor(
    supergraph: RouterSupergraph,
    normalized: NormalizedOperation,
    data: FetchedData,
    fetches: readonly PlannedFetch[],
  ) {
    this.#supergraph = supergraph;
    this.#normalized = normalized;
    this.#data = data;
    this.#fetches = fetches;
    this.#labels = deferredLabels(normalized.operation);
  }

  /** `type` is the position's, as clients know it; `part` the label of the part that the selections are in. */
  visit(
    type: GraphQLCompositeType,
    selections: readonly GuardedSelection[],
    position: Position,
    part: string | null,
  ): void {
    const key = `${part}/${type.name}/${this.#data.keyOf({ ...position, place: null, selections })}/${this.#data.keyOf(position)}`;
    if (this.#checked.has(key)) return;
    this.#checked.add(key);
    for (const typeName of this.#data.typeNamesAt(position, this.#idsBefore(part)))
      this.#visitType(type, typeName, selections, position, part);
  }

  #visitType(
    type: GraphQLCompositeType,
    typeName: string,
    selections: readonly GuardedSelection[],
    position: Position,
    part: string | null,
  ): void {
    const { apiSchema } = this.#supergraph;
    const before = this.#idsBefore(part);
    const known = apiSchema.getType(typeName);
    // An object of a type that clients do not know becomes null, whatever it has.
    if (!isCompositeType(known)) return;
    const fetched = this.#data.fieldsOf(position, typeName, before);
    const onDefer = (label: string, deferred: GuardedSelection) =>
      this.#visitType(type, typeName, [deferred], position, label);
    const fields = collectFields(apiSchema, this.#normalized.fragments, known, selections, onDefer);
    const dependent = isAbstractType(type) ? this.#dependentOnType(type, known, selections, fields) : [];
    if (dependent.length > 0 && !this.#data.tellsType(position, typeName, type.name, before, dependent))
      throw unresolvable(`No subgraph tells of which type an object of "${type.name}" is`);
    for (const field of fields)
      if (!field.fieldName.startsWith("__")) this.#visitField(known, field, fetched.get(field.responseName), part);
  }

  #idsBefore(part: string | null): ReadonlySet<number> {
    let ids = this.#before.get(part);
    if (!ids) {
      const over = this.#fetches.filter(({ deferredTo = null }) => isBefore(this.#labels, deferredTo, part));
      this.#before.set(part, (ids = new Set(over.map(({ id }) => id))));
    }
    return ids;
  }

  #visitField(
    type: GraphQLCompositeType,
    field: CollectedField,
    fetched: FetchedField | undefined,
    part: string | null,
  ): void {
    const isThere =
      fetched !== undefined &&
      field.guards.every((guard) => isImplied(guard, fetched.collected.guards)) &&
      fetched.collected.nodes.every((node) => isSameField(node, field.nodes[0]!));
    if (!isThere) throw this.#notCovered(type, field);
    const definition = "getFields" in type ? type.getFields()[field.fieldName] : undefined;
    const inner = definition && getNamedType(definition.type);
    if (isCompositeType(inner)) this.visit(inner, field.selections, fetched.inner(), part);
  }

  #dependentOnType(
    type: GraphQLAbstractType,
    known: GraphQLCompositeType,
    selections: readonly GuardedSelection[],
    fields: readonly CollectedField[],
  ): Guard[] {
    const names = fields.filter(({ fieldName }) => fieldName === "__typename").flatMap(({ guards }) => guards);
    const { apiSchema } = this.#supergraph;
    const { fragments } = this.#normalized;
    return [
      ...names,
      ...dependentOnType(apiSchema, fragments, type, known, selections),
      ...partsDependentOnType(apiSchema, fragments, type, known, selections),
    ];
  }

  #notCovered(type: GraphQLCompositeType, { responseName, fieldName }: CollectedField): Error {
    const name = this.#normalized.clientNames.get(responseName) ?? responseName;
    const what = name === fieldName ? `"${type.name}.${name}"` : `"${name}" ("${type.name}.${fieldName}")`;
    return unresolvable(`No subgraph can resolve what is asked of the field ${what}`);
  }
}

function isSameField(left: FieldNode, right: FieldNode): boolean {
  return left === right || (left.name.value === right.name.value && argumentsText(left) === argumentsText(right));
}

function argumentsText(field: FieldNode): string {
  return (field.arguments ?? [])
    .map(({ name, value }) => `${name.value}:${valueText(value)}`)
    .sort()
    .join();
}

/** The planner writes literals as it likes: an ID as a number, a single value for a list, fields in another order. */
function valueText(value: ValueNode): string {
  switch (value.kind) {
    case Kind.VARIABLE:
      return `$${value.name.value}`;
    case Kind.LIST:
      return value.values.length === 1 ? valueText(value.values[0]!) : `[${value.values.map(valueText).join()}]`;
    case Kind.OBJECT:
      return `{${value.fields
        .map((field) => `${field.name.value}:${valueText(field.value)}`)
        .sort()
        .join()}}`;
    case Kind.NULL:
      return "null";
    case Kind.FLOAT:
      return String(Number(value.value));
    default:
      return String(value.value);
  }
}
