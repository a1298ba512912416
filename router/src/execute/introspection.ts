import { executeSync, Kind, type FieldNode, type GraphQLSchema } from "graphql";
import type { NormalizedOperation } from "../plan/normalize-operation.ts";
import type { Execution } from "./execution.ts";

/** Answers the `__schema` and `__type` fields of one operation from the schema that clients see. */
export class Introspection {
  readonly #schema: GraphQLSchema;
  readonly #normalized: NormalizedOperation;
  /** By response name. */
  readonly #nodes: ReadonlyMap<string, readonly FieldNode[]>;
  /** Of fields that no variable can change. */
  readonly #texts = new Map<string, string>();

  constructor(
    schema: GraphQLSchema,
    normalized: NormalizedOperation,
    nodes: ReadonlyMap<string, readonly FieldNode[]>,
  ) {
    this.#schema = schema;
    this.#normalized = normalized;
    this.#nodes = nodes;
  }

  textOf(responseName: string, execution: Execution): string {
    const { operation } = this.#normalized;
    if (operation.variableDefinitions?.length) return this.#answer(responseName, execution.variables);
    let text = this.#texts.get(responseName);
    if (text === undefined) this.#texts.set(responseName, (text = this.#answer(responseName, {})));
    return text;
  }

  #answer(responseName: string, variables: Readonly<Record<string, unknown>>): string {
    const { operation, fragments, clientVariables } = this.#normalized;
    const variableValues: Record<string, unknown> = { ...variables };
    for (const [ours, theirs] of clientVariables)
      if (variables[theirs] !== undefined) variableValues[ours] = variables[theirs];
    const { data } = executeSync({
      schema: this.#schema,
      document: {
        kind: Kind.DOCUMENT,
        definitions: [
          { ...operation, selectionSet: { kind: Kind.SELECTION_SET, selections: this.#nodes.get(responseName) ?? [] } },
          ...fragments.values(),
        ],
      },
      variableValues,
    });
    return JSON.stringify(data?.[responseName] ?? null);
  }
}
