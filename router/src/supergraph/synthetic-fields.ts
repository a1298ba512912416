import {
  Kind,
  print,
  stripIgnoredCharacters,
  visit,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type FieldNode,
  type InterfaceTypeDefinitionNode,
  type ObjectTypeDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { parseFieldSet } from "./field-set.ts";

/** A field that stands in the planner's supergraph for `fieldName(args)` of some `@requires`. */
export interface SyntheticField {
  name: string;
  /** The real field, with the arguments of the `@requires`. */
  field: FieldNode;
}

export interface SyntheticSupergraph {
  document: DocumentNode;
  /** By the synthetic name. */
  fields: ReadonlyMap<string, SyntheticField>;
}

type FieldsType = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode;

/**
 * Gives every `@requires` selection with arguments a field of its own without arguments, so that the planner cannot
 * confuse it with the same field selected by a client or required with other arguments: it would send one value for both.
 */
export function addSyntheticFields(supergraph: DocumentNode): SyntheticSupergraph {
  const pass = new SyntheticPass(supergraph);
  return { document: pass.rewrite(), fields: pass.fields };
}

class SyntheticPass {
  readonly fields = new Map<string, SyntheticField>();
  readonly #supergraph: DocumentNode;
  readonly #types = new Map<string, FieldsType>();
  readonly #names = new Map<string, string>();
  /** Type name → synthetic name → name of the field that it is cloned from. */
  readonly #added = new Map<string, Map<string, string>>();

  constructor(supergraph: DocumentNode) {
    this.#supergraph = supergraph;
    for (const definition of supergraph.definitions) {
      if (isFieldsType(definition)) this.#types.set(definition.name.value, definition);
    }
  }

  rewrite(): DocumentNode {
    const rewritten = visit(this.#supergraph, {
      ObjectTypeDefinition: (type) => this.#rewriteType(type),
      InterfaceTypeDefinition: (type) => this.#rewriteType(type),
    });
    if (this.fields.size === 0) return this.#supergraph;
    return {
      ...rewritten,
      definitions: rewritten.definitions.map((definition) =>
        isFieldsType(definition) && this.#added.has(definition.name.value) ? this.#addClones(definition) : definition,
      ),
    };
  }

  #rewriteType<T extends FieldsType>(type: T): T {
    const fields = type.fields?.map((field) => ({
      ...field,
      directives: (field.directives ?? []).map((directive) => this.#rewriteJoinField(type.name.value, directive)),
    }));
    return { ...type, ...(fields && { fields }) };
  }

  #rewriteJoinField(typeName: string, directive: ConstDirectiveNode): ConstDirectiveNode {
    if (directive.name.value !== "join__field") return directive;
    return {
      ...directive,
      arguments: (directive.arguments ?? []).map((argument) => {
        if (argument.name.value !== "requires" || argument.value.kind !== Kind.STRING) return argument;
        const fieldSet = this.#rewriteFieldSet(typeName, parseFieldSet(argument.value.value));
        const text = stripIgnoredCharacters(print(fieldSet)).slice(1, -1);
        return { ...argument, value: { kind: Kind.STRING, value: text } as const };
      }),
    };
  }

  #rewriteFieldSet(typeName: string, fieldSet: SelectionSetNode): SelectionSetNode {
    return {
      ...fieldSet,
      selections: fieldSet.selections.map((selection) => {
        if (selection.kind === Kind.FRAGMENT_SPREAD) return selection;
        if (selection.kind === Kind.INLINE_FRAGMENT) {
          const on = selection.typeCondition?.name.value ?? typeName;
          return { ...selection, selectionSet: this.#rewriteFieldSet(on, selection.selectionSet) };
        }
        const definition = this.#types
          .get(typeName)
          ?.fields?.find((field) => field.name.value === selection.name.value);
        const inner =
          selection.selectionSet && definition
            ? { ...selection, selectionSet: this.#rewriteFieldSet(namedType(definition), selection.selectionSet) }
            : selection;
        if (!selection.arguments?.length || !definition) return inner;
        return { ...inner, name: { kind: Kind.NAME, value: this.#synthesize(typeName, selection) }, arguments: [] };
      }),
    };
  }

  #synthesize(typeName: string, { name, arguments: given }: FieldNode): string {
    const field: FieldNode = { kind: Kind.FIELD, name, ...(given && { arguments: given }) };
    const key = print(field);
    let synthetic = this.#names.get(key);
    if (synthetic === undefined) {
      synthetic = `_rq${this.#names.size}_${name.value}`;
      this.#names.set(key, synthetic);
      this.fields.set(synthetic, { name: synthetic, field });
    }
    for (const type of [typeName, ...this.#implementersOf(typeName)]) {
      if (!this.#added.has(type)) this.#added.set(type, new Map());
      this.#added.get(type)!.set(synthetic, name.value);
    }
    return synthetic;
  }

  #implementersOf(typeName: string): string[] {
    if (this.#types.get(typeName)?.kind !== Kind.INTERFACE_TYPE_DEFINITION) return [];
    return [...this.#types.values()]
      .filter((type) => type.interfaces?.some((each) => each.name.value === typeName))
      .map((type) => type.name.value);
  }

  #addClones(type: FieldsType): FieldsType {
    const clones: FieldDefinitionNode[] = [];
    for (const [synthetic, original] of this.#added.get(type.name.value)!) {
      const field = type.fields?.find((each) => each.name.value === original);
      if (field) clones.push({ ...field, name: { kind: Kind.NAME, value: synthetic }, arguments: [] });
    }
    return { ...type, fields: [...(type.fields ?? []), ...clones] };
  }
}

function isFieldsType(definition: { kind: string }): definition is FieldsType {
  return definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INTERFACE_TYPE_DEFINITION;
}

function namedType(field: FieldDefinitionNode): string {
  let type = field.type;
  while (type.kind !== Kind.NAMED_TYPE) type = type.type;
  return type.name.value;
}
