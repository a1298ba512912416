import {
  Kind,
  print,
  visit,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
} from "graphql";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import { objectsApart } from "./objects-apart.ts";

/** A client's operation in the form that is planned: response names that cannot be mistaken for a schema's fields. */
export interface NormalizedOperation {
  operation: OperationDefinitionNode;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Operation and fragments. */
  document: DocumentNode;
  /** The client's response name by ours, where they differ. */
  clientNames: ReadonlyMap<string, string>;
  /** The client's variable by ours, where they differ. */
  clientVariables: ReadonlyMap<string, string>;
}

type NamesOf = Pick<
  RouterSupergraph,
  "fieldNames" | "requiredNames" | "apiSchema" | "fullSchema" | "joinedSchemas" | "inputs"
>;

/** Names that our own fetches use, and those that Apollo's planner makes. */
const RESERVED_NAME = /^_|__alias_\d+$/;
const RESERVED_VARIABLE = /^(representations|_.*|contextualArgument.*)$/;

/**
 * Renames what would be wrong in a fetch. An alias that equals a field's name would be read as that field when a key or
 * a `@requires` needs it; a field that is required elsewhere without arguments must not share its response name with the
 * same field selected with some; a null that takes an object from the client must not take it from what is computed from
 * it; a name of `Object.prototype` would be found on every object.
 */
export function normalizeOperation(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  supergraph: NamesOf,
): NormalizedOperation {
  const apart = objectsApart(supergraph, operation, fragments);
  const clientNames = new Map<string, string>();
  const clientVariables = new Map<string, string>();
  const renamed = new Map<string, string>();

  const rename = (field: FieldNode): FieldNode | undefined => {
    const responseName = field.alias?.value ?? field.name.value;
    if (!isConfusable(field, responseName, supergraph) && !apart.has(responseName)) return undefined;
    // Fields that merge are equal but for their selections, so they must get the same name.
    const key = `${responseName}:${print({ kind: Kind.FIELD, name: field.name, arguments: field.arguments ?? [] })}`;
    const name = renamed.get(key) ?? `_a${renamed.size}_${responseName}`;
    renamed.set(key, name);
    clientNames.set(name, responseName);
    return { ...field, alias: { kind: Kind.NAME, value: name } };
  };

  const normalize = <T extends OperationDefinitionNode | FragmentDefinitionNode>(definition: T): T =>
    visit(definition, {
      Field(field) {
        if (field.name.value === "__schema" || field.name.value === "__type") return false; // never sent to a subgraph
        return rename(field);
      },
      FragmentDefinition: (fragment) => (fragment.typeCondition.name.value.startsWith("__") ? false : undefined),
      Variable(variable) {
        const name = variable.name.value;
        if (!RESERVED_VARIABLE.test(name)) return undefined;
        clientVariables.set(`v_${name}`, name);
        return { ...variable, name: { kind: Kind.NAME, value: `v_${name}` } };
      },
    });

  const normalizedOperation = normalize(operation);
  const normalizedFragments = new Map([...fragments].map(([name, fragment]) => [name, normalize(fragment)]));
  return {
    operation: normalizedOperation,
    fragments: normalizedFragments,
    document: { kind: Kind.DOCUMENT, definitions: [normalizedOperation, ...normalizedFragments.values()] },
    clientNames,
    clientVariables,
  };
}

function isConfusable(field: FieldNode, responseName: string, { fieldNames, requiredNames }: NamesOf): boolean {
  if (responseName in Object.prototype) return true;
  if (field.arguments?.length && requiredNames.has(field.name.value)) return true;
  if (responseName === field.name.value) return false;
  return fieldNames.has(responseName) || RESERVED_NAME.test(responseName);
}
