import { isAbstractType, Kind, type FieldNode, type SelectionSetNode } from "graphql";
import type { JoinedField, JoinedSchema } from "../../supergraph/joined-schemas.ts";
import type { RequiredSelection } from "../fetch-plan.ts";
import { hasFields, type FieldSetContext } from "./has-fields.ts";
import { requiredFields } from "./required-fields.ts";

/** Field sets that hold where a selection stands: what a `@provides` or a key promises there though it is `@external`. */
export type Promised = readonly SelectionSetNode[];

/** What a subgraph can resolve, by what it declares. */
export class ResolvableFields {
  readonly #context: FieldSetContext;
  readonly #joined: JoinedSchema;

  constructor(context: FieldSetContext, joined: JoinedSchema) {
    this.#context = context;
    this.#joined = joined;
  }

  /** The first thing in a selection that the subgraph cannot resolve; `sent` is what the representations have, where it is of entities. */
  firstMissing(
    typeName: string | null,
    selectionSet: SelectionSetNode,
    promised: Promised,
    sent: readonly RequiredSelection[] | null,
  ): string | null {
    for (const selection of selectionSet.selections) {
      let missing: string | null = null;
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition?.name.value ?? typeName;
        if (condition !== null && !this.#joined.has(condition)) return condition;
        missing = this.firstMissing(condition, selection.selectionSet, promised, sent);
      } else if (selection.kind === Kind.FIELD && selection.name.value !== "__typename") {
        missing = this.#missingIn(typeName, selection, promised, sent);
      }
      if (missing !== null) return missing;
    }
    return null;
  }

  #missingIn(
    typeName: string | null,
    node: FieldNode,
    promised: Promised,
    sent: readonly RequiredSelection[] | null,
  ): string | null {
    const name = node.name.value;
    if (typeName === null) return name;
    if (!this.resolves(typeName, name, promised, sent)) return `${typeName}.${name}`;
    if (!node.selectionSet) return null;
    return this.firstMissing(
      this.typeOf(typeName, name),
      node.selectionSet,
      this.promisedInside(typeName, name, promised),
      null,
    );
  }

  /** Whether it resolves a field of its type; of an interface: on every type that an object behind it can have there. */
  resolves(typeName: string, name: string, promised: Promised, sent: readonly RequiredSelection[] | null): boolean {
    const type = this.#joined.get(typeName);
    if (!type?.fields.has(name)) return false;
    return this.#isResolved(typeName, name, this.#promisesOf(typeName, name, promised).length > 0, sent);
  }

  /** The named type that a field returns there; null when the subgraph does not know the field. */
  typeOf(typeName: string, name: string): string | null {
    return this.#joined.get(typeName)?.fields.get(name)?.typeName ?? null;
  }

  /** What is promised about the object in a field. */
  promisedInside(typeName: string, name: string, promised: Promised): Promised {
    const provided = this.#joined.get(typeName)?.fields.get(name)?.provides;
    return [
      ...this.#promisesOf(typeName, name, promised).flatMap(({ selectionSet }) => selectionSet ?? []),
      ...(provided ? [provided] : []),
    ];
  }

  /** The object types that an object of the type can have there. */
  possibleTypes(typeName: string): ReadonlySet<string> {
    return this.#joined.get(typeName)?.possible ?? new Set();
  }

  #promisesOf(typeName: string, name: string, promised: Promised): FieldNode[] {
    const keys = this.#joined.get(typeName)?.keys ?? [];
    return [...promised, ...keys.map(({ fields }) => fields)].flatMap((set) => selectionsOf(set, name));
  }

  #isResolved(typeName: string, name: string, isPromised: boolean, sent: readonly RequiredSelection[] | null): boolean {
    const type = this.#joined.get(typeName);
    const field = type?.fields.get(name);
    if (!type || (field && !this.#isResolvedField(typeName, field, isPromised, sent))) return false;
    return [...type.possible].every((member) => {
      if (member === typeName) return field !== undefined;
      return this.#isResolved(member, name, isPromised || this.#promisesOf(member, name, []).length > 0, sent);
    });
  }

  #isResolvedField(
    typeName: string,
    field: JoinedField,
    isPromised: boolean,
    sent: readonly RequiredSelection[] | null,
  ): boolean {
    if (field.isExternal && !isPromised) return false;
    return field.requires === null || (sent !== null && this.#isSent(sent, typeName, field.requires));
  }

  /** Whether a field set comes with every entity that is sent; of an interface, of whatever type it is. */
  #isSent(sent: readonly RequiredSelection[], typeName: string, fieldSet: SelectionSetNode): boolean {
    const { fullSchema } = this.#context;
    if (hasFields(this.#context, sent, typeName, fieldSet)) return true;
    const type = fullSchema.getType(typeName);
    if (!isAbstractType(type)) return false;
    const names = [typeName, ...fullSchema.getPossibleTypes(type).map(({ name }) => name)];
    const sentNames = names.filter((name) => requiredFields(fullSchema, sent, name).has("__typename"));
    return sentNames.length > 0 && sentNames.every((name) => hasFields(this.#context, sent, name, fieldSet));
  }
}

/** The places of a field in a field set, those inside fragments too. */
function selectionsOf(fieldSet: SelectionSetNode, name: string): FieldNode[] {
  return fieldSet.selections.flatMap((selection): FieldNode[] => {
    if (selection.kind === Kind.FIELD) return selection.name.value === name ? [selection] : [];
    return selection.kind === Kind.INLINE_FRAGMENT ? selectionsOf(selection.selectionSet, name) : [];
  });
}
