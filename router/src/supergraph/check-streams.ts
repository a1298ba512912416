import {
  getNamedType,
  getNullableType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type DocumentNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type GraphQLType,
} from "graphql";
import { parseChannelTemplate } from "./channel-template.ts";
import { parseStreamFilter } from "./stream-filter.ts";
import { isStreamKind, readStreamedDirectives, type StreamedDirective } from "./streamed-directive.ts";

/** The routing URL of a virtual subgraph. */
export const STREAM_URL = "stream:";

/**
 * What is wrong with the streams of one subgraph's schema (`document`), seen with the types of the whole API: every
 * channel template and every filter names arguments and fields that exist and can be compared. Without streams nothing of
 * the API is asked, and it may be null.
 */
export function checkStreams(
  subgraph: { name: string; routingUrl: string },
  document: DocumentNode,
  api: GraphQLSchema | null,
): string[] {
  const streamed = readStreamedDirectives(document);
  const problems: string[] = [];
  if (subgraph.routingUrl !== STREAM_URL) {
    for (const field of streamed.keys()) {
      problems.push(`${subgraph.name}: ${field} is @streamed, so its subgraph's routing_url must be "${STREAM_URL}"`);
    }
    return problems;
  }
  for (const definition of document.definitions) {
    if (definition.kind !== "ObjectTypeDefinition" && definition.kind !== "ObjectTypeExtension") continue;
    if (definition.name.value === "Query" || definition.name.value === "Mutation") {
      problems.push(`${subgraph.name}: nothing answers ${definition.name.value} at "${STREAM_URL}"`);
    }
    if (definition.name.value !== "Subscription") continue;
    for (const { name } of definition.fields ?? []) {
      const directive = streamed.get(name.value);
      const field = api?.getSubscriptionType()?.getFields()[name.value];
      if (!directive) problems.push(`${subgraph.name}: ${name.value} has no source: give it @streamed`);
      else if (field)
        problems.push(...checkField(field, directive).map((problem) => `${subgraph.name}: ${name.value}: ${problem}`));
    }
  }
  return problems;
}

function checkField(field: GraphQLField<unknown, unknown>, directive: StreamedDirective): string[] {
  const problems: string[] = [];
  const attempt = (check: () => string | null) => {
    try {
      const problem = check();
      if (problem !== null) problems.push(problem);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  };
  if (directive.topic === "") problems.push("a topic needs a name");
  if (!isStreamKind(directive.source)) problems.push(`source ${directive.source} is neither KAFKA nor REDIS`);
  attempt(() => checkChannel(field, directive));
  for (const filter of directive.filter) attempt(() => checkFilter(field, filter));
  return problems;
}

function checkChannel(field: GraphQLField<unknown, unknown>, { channel, delivery }: StreamedDirective): string | null {
  let lists = 0;
  for (const part of parseChannelTemplate(channel)) {
    if ("text" in part || part.from === "claims") continue;
    const argument = field.args.find(({ name }) => name === part.name);
    if (!argument) return `channel "${channel}" reads the argument ${part.name}, which does not exist`;
    if (!isNonNullType(argument.type)) return `channel "${channel}" reads ${part.name}, which may be null`;
    if (!isLeafType(getNamedType(argument.type)))
      return `channel "${channel}" reads ${part.name}, which is an input object`;
    const type = getNullableType(argument.type);
    if (!isListType(type)) continue;
    if (!isNonNullType(type.ofType)) return `channel "${channel}" reads ${part.name}, whose elements may be null`;
    if (isListType(getNullableType(type.ofType))) return `channel "${channel}" reads ${part.name}, a list of lists`;
    lists++;
  }
  if (lists > 1) return `channel "${channel}" reads two lists; one is the most`;
  if (lists === 1 && delivery !== "LATEST") return `channel "${channel}" reads a list, which only LATEST can deliver`;
  return null;
}

function checkFilter(field: GraphQLField<unknown, unknown>, text: string): string | null {
  const { path, comparison, argument: name } = parseStreamFilter(text);
  const argument = field.args.find((each) => each.name === name);
  if (!argument) return `filter "${text}" reads the argument ${name}, which does not exist`;
  if (isListType(getNullableType(argument.type)) !== (comparison === "in")) {
    return `filter "${text}": "in" takes a list and "=" a single value`;
  }
  let type: GraphQLType = field.type;
  for (const step of path) {
    const parent: GraphQLNamedType = getNamedType(type);
    const next: GraphQLField<unknown, unknown> | undefined =
      isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[step] : undefined;
    if (!next) return `filter "${text}" reads ${step}, which ${parent.name} does not have`;
    type = next.type;
  }
  const [left, right] = [getNamedType(type), getNamedType(argument.type)];
  if (!isLeafType(left) || left.name !== right.name) return `filter "${text}" compares ${left.name} with ${right.name}`;
  return null;
}
