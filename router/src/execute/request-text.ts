import {
  Kind,
  print,
  stripIgnoredCharacters,
  type FieldNode,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from "graphql";
import type { PlannedRequest } from "../plan/batch-requests.ts";

/** The text of a request that is the same every time, and what has to be put into it. */
export interface RequestText {
  /** Up to where the variables begin: `{"query":"…","variables":{`. */
  head: string;
  /** The response name and the variable's key text of each part's entities; empty for a root fetch. */
  lists: readonly { responseName: string; key: string }[];
  /** The client's variables that are sent along when they have a value. */
  variables: readonly { clientName: string; key: string }[];
}

export function writeRequestText(request: PlannedRequest, clientVariables: ReadonlyMap<string, string>): RequestText {
  const isRoot = request.parts[0]!.fetches[0]!.requires === null;
  const isBatch = request.parts.length > 1;
  const lists = isRoot
    ? []
    : request.parts.map((_, index) => ({
        responseName: isBatch ? `_e${index}` : "_entities",
        variable: isBatch ? `_r${index}` : "representations",
      }));
  const definitions = clientVariableDefinitions(request);
  const operation: OperationDefinitionNode = {
    kind: Kind.OPERATION_DEFINITION,
    operation: request.kind as OperationDefinitionNode["operation"],
    variableDefinitions: [...lists.map(({ variable }) => representationsVariable(variable)), ...definitions],
    selectionSet: isRoot
      ? request.parts[0]!.fetches[0]!.selection
      : {
          kind: Kind.SELECTION_SET,
          selections: lists.map((list, index) => entitiesField(list, request.parts[index]!.fetches[0]!.selection)),
        },
  };
  return {
    head: `{"query":${JSON.stringify(stripIgnoredCharacters(print(operation)))},"variables":{`,
    lists: lists.map(({ responseName, variable }) => ({ responseName, key: `"${variable}":` })),
    variables: definitions.map(({ variable }) => ({
      clientName: clientVariables.get(variable.name.value) ?? variable.name.value,
      key: `"${variable.name.value}":`,
    })),
  };
}

/** The whole request: `lists` has the representations for each list of entities. */
export function writeBody(
  text: RequestText,
  lists: readonly ({ texts: readonly string[] | null } | null)[],
  values: Readonly<Record<string, unknown>>,
): string {
  let body = text.head;
  let separator = "";
  text.lists.forEach(({ key }, index) => {
    body += `${separator}${key}[${lists[index]?.texts?.join(",") ?? ""}]`;
    separator = ",";
  });
  for (const { clientName, key } of text.variables) {
    const value = values[clientName];
    if (value === undefined) continue;
    body += `${separator}${key}${JSON.stringify(value)}`;
    separator = ",";
  }
  return `${body}}}`;
}

function clientVariableDefinitions(request: PlannedRequest): VariableDefinitionNode[] {
  const definitions = new Map<string, VariableDefinitionNode>();
  for (const { fetches } of request.parts) {
    for (const { variables } of fetches) for (const each of variables) definitions.set(each.variable.name.value, each);
  }
  return [...definitions.values()];
}

function representationsVariable(name: string): VariableDefinitionNode {
  const any = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: "_Any" } } as const;
  const list = { kind: Kind.LIST_TYPE, type: { kind: Kind.NON_NULL_TYPE, type: any } } as const;
  return {
    kind: Kind.VARIABLE_DEFINITION,
    variable: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } },
    type: { kind: Kind.NON_NULL_TYPE, type: list },
  };
}

function entitiesField(
  list: { responseName: string; variable: string },
  selectionSet: FieldNode["selectionSet"],
): FieldNode {
  return {
    kind: Kind.FIELD,
    ...(list.responseName !== "_entities" && { alias: { kind: Kind.NAME, value: list.responseName } }),
    name: { kind: Kind.NAME, value: "_entities" },
    arguments: [
      {
        kind: Kind.ARGUMENT,
        name: { kind: Kind.NAME, value: "representations" },
        value: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: list.variable } },
      },
    ],
    ...(selectionSet && { selectionSet }),
  };
}
