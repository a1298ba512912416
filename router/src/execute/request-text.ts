import {
  Kind,
  print,
  stripIgnoredCharacters,
  visit,
  type FieldNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type VariableDefinitionNode,
} from "graphql";
import type { PlannedRequest } from "../plan/batch-requests.ts";
import type { PlannedFetch } from "../plan/fetch-plan.ts";
import { variablesIn } from "../plan/variables-in.ts";
import type { SentList, ToldContexts } from "./request-part.ts";
import { selectTold } from "./told-selection.ts";

/** The text of a request that is the same every time, and what has to be put into it. */
export interface RequestText {
  /** Up to where the variables begin: `{"query":"…","variables":{`. */
  head: string;
  /** The response name and the key texts of the variables of each list of entities; empty for a root fetch. */
  lists: readonly { responseName: string; key: string; contextKeys: readonly (string | null)[] }[];
  /** The client's variables that are sent along when they have a value. */
  variables: readonly { clientName: string; key: string }[];
}

/** `told`: the lists that each part has, where its entities are told different things of what is around them. */
export function writeRequestText(
  request: PlannedRequest,
  clientVariables: ReadonlyMap<string, string>,
  told: readonly (readonly ToldContexts[])[] = toldAll(request),
): RequestText {
  const isRoot = request.parts[0]!.fetches[0]!.requires === null;
  const listed = isRoot
    ? []
    : request.parts.flatMap(({ fetches }, part) => told[part]!.map((each) => ({ fetches, told: each })));
  const isBatch = listed.length > 1;
  const lists = listed.map(({ fetches, told: toldContexts }, index) => ({
    responseName: isBatch ? `_e${index}` : "_entities",
    variable: isBatch ? `_r${index}` : "representations",
    fetches,
    ...contextsOfList(fetches[0]!, toldContexts, `_c${index}_`),
  }));
  const definitions = clientVariableDefinitions(
    isRoot ? [{ ...request.parts[0]!, selection: request.parts[0]!.fetches[0]!.selection }] : lists,
  );
  const operation: OperationDefinitionNode = {
    kind: Kind.OPERATION_DEFINITION,
    operation: request.kind as OperationDefinitionNode["operation"],
    variableDefinitions: [
      ...lists.map(({ variable }) => representationsVariable(variable)),
      ...lists.flatMap(({ contexts }) => contexts.filter((each) => each !== null)),
      ...definitions,
    ],
    selectionSet: isRoot
      ? request.parts[0]!.fetches[0]!.selection
      : {
          kind: Kind.SELECTION_SET,
          selections: lists.map((list) => entitiesField(list, list.selection)),
        },
  };
  return {
    head: `{"query":${JSON.stringify(stripIgnoredCharacters(print(operation)))},"variables":{`,
    lists: lists.map(({ responseName, variable, contexts }) => ({
      responseName,
      key: `"${variable}":`,
      contextKeys: contexts.map((context) => context && `"${context.variable.name.value}":`),
    })),
    variables: definitions.map(({ variable }) => ({
      clientName: clientVariables.get(variable.name.value) ?? variable.name.value,
      key: `"${variable.name.value}":`,
    })),
  };
}

/** The whole request: `lists` has the representations for each list of entities. */
export function writeBody(
  text: RequestText,
  lists: readonly (SentList | null)[],
  values: Readonly<Record<string, unknown>>,
): string {
  let body = text.head;
  let separator = "";
  text.lists.forEach(({ key, contextKeys }, index) => {
    const list = lists[index];
    body += `${separator}${key}[${list?.texts.join(",") ?? ""}]`;
    separator = ",";
    contextKeys.forEach((contextKey, context) => {
      if (list && contextKey !== null) body += `,${contextKey}${list.contexts[context]}`;
    });
  });
  for (const { clientName, key } of text.variables) {
    const value = values[clientName];
    if (value === undefined) continue;
    body += `${separator}${key}${JSON.stringify(value)}`;
    separator = ",";
  }
  return `${body}}}`;
}

/** Each part with one list, whose entities are told all. */
export function toldAll({ parts }: PlannedRequest): (readonly ToldContexts[])[] {
  return parts.map(({ fetches }) => [fetches[0]!.contexts.map(() => true)]);
}

/** A list's own variables for contexts, null for those that it is not told, and the selection with them. */
function contextsOfList(
  { contexts, selection }: PlannedFetch,
  told: ToldContexts,
  prefix: string,
): { contexts: (VariableDefinitionNode | null)[]; selection: SelectionSetNode } {
  if (contexts.length === 0) return { contexts: [], selection };
  const names = new Set(contexts.map(({ definition }) => definition.variable.name.value));
  const rename = <T extends SelectionSetNode | VariableDefinitionNode>(node: T): T =>
    visit(node, {
      Variable: ({ kind, name }) =>
        names.has(name.value) ? { kind, name: { ...name, value: prefix + name.value } } : undefined,
    });
  const asked = selectTold(contexts, selection, told).selection ?? selection;
  return {
    contexts: contexts.map(({ definition }, index) => (told[index]! ? rename(definition) : null)),
    selection: rename(asked),
  };
}

/** Of those that a part's fetches have: a selection that was split off, or lacks a context, may not use them all. */
function clientVariableDefinitions(
  lists: readonly (PlannedRequest["parts"][number] & { selection: SelectionSetNode })[],
): VariableDefinitionNode[] {
  const definitions = new Map<string, VariableDefinitionNode>();
  for (const { fetches, selection } of lists) {
    const used = variablesIn(selection);
    for (const { variables } of fetches)
      for (const each of variables) {
        const name = each.variable.name.value;
        if (used.has(name)) definitions.set(name, each);
      }
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
