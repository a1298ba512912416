import { setImmediate as turn } from "node:timers/promises";
import { ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from "@apollo/federation-internals";
import {
  buildASTSchema,
  Kind,
  parse,
  print,
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLSchema,
  type SelectionSetNode,
} from "graphql";
import type { Planner, Planners } from "../plan/planners.ts";
import { STREAM_URL } from "./check-streams.ts";
import { fieldNamesOf, parseFieldSet } from "./field-set.ts";
import { readJoinedSchemas, type JoinedSchema } from "./joined-schemas.ts";
import { contextSelectionsOf, readContexts } from "./contexts.ts";
import { putResolvableKeysFirst } from "./key-order.ts";
import { readOverrideLabels, type OverrideLabel } from "./override-labels.ts";
import {
  graphsOfField,
  readStreamedDirectives,
  subscriptionType,
  type StreamedDirective,
} from "./streamed-directive.ts";
import { addSyntheticFields, type SyntheticField } from "./synthetic-fields.ts";

/** A supergraph made ready for planning: everything that is computed once and serves every operation. */
export interface RouterSupergraph {
  sdl: string;
  /** What clients see: they are validated, introspected and answered by it. */
  apiSchema: GraphQLSchema;
  /** All types, those too that clients do not see: entities on their way between subgraphs are matched by it. */
  fullSchema: GraphQLSchema;
  planner: Planner;
  syntheticFields: ReadonlyMap<string, SyntheticField>;
  /** Routing URL by the subgraph's name. */
  subgraphs: ReadonlyMap<string, string>;
  /** What each subgraph declares, by the subgraph's name: plans are checked against it. */
  joinedSchemas: ReadonlyMap<string, JoinedSchema>;
  /** The types whose objects set a context, by its name. */
  contexts: ReadonlyMap<string, ReadonlySet<string>>;
  /** Decide, request by request, which subgraph resolves a field. */
  overrideLabels: readonly OverrideLabel[];
  /** The subscription fields that streams feed. */
  streamedFields: ReadonlyMap<string, StreamedDirective>;
  /** Every field name of the supergraph: a client's alias must not pass for one of them. */
  fieldNames: ReadonlySet<string>;
  /** Names of the fields that a key, a `@requires` or a context reads. */
  requiredNames: ReadonlySet<string>;
  inputs: readonly Input[];
  /** The names, synthetic ones included, that the `@requires` of a field in a subgraph reads. */
  requirementsOf(typeName: string, fieldName: string, subgraph: string): ReadonlySet<string>;
}

/** What a key, a `@requires` or a context reads of an object. */
interface Input {
  /** The name of the field that is computed from it; null for a key, by which any field may be reached. */
  of: string | null;
  fieldSet: SelectionSetNode;
  /** Every field name in it, at any depth. */
  names: ReadonlySet<string>;
}

const NOTHING: ReadonlySet<string> = new Set();

/** Throws what Apollo's own reading of the supergraph finds wrong with it. Takes several turns: requests go on meanwhile. */
export async function buildRouterSupergraph(sdl: string, planners: Planners): Promise<RouterSupergraph> {
  const original = Supergraph.build(sdl, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES });
  await turn();
  const apiSchema = original.apiSchema().toGraphQLJSSchema({ includeDefer: true });
  await turn();
  const document = parse(sdl, { noLocation: true });
  const synthetic = addSyntheticFields(putResolvableKeysFirst(document));
  const subgraphs = readSubgraphs(document);
  const requirements = readRequirements(synthetic.document, subgraphs);
  const fullSchema = buildASTSchema(document, { assumeValid: true, assumeValidSDL: true });
  return {
    sdl,
    apiSchema,
    fullSchema,
    planner: await planners.build(print(synthetic.document)),
    syntheticFields: synthetic.fields,
    subgraphs: new Map([...subgraphs.values()].map(({ name, url }) => [name, url])),
    joinedSchemas: new Map(
      [...readJoinedSchemas(document)].map(([graph, schema]) => [subgraphs.get(graph)?.name ?? graph, schema]),
    ),
    contexts: readContexts(document, fullSchema),
    overrideLabels: readOverrideLabels(document),
    streamedFields: readStreamedFields(document, subgraphs),
    ...readNames(document),
    requirementsOf: (typeName, fieldName, subgraph) =>
      requirements.get(`${subgraph}:${typeName}.${fieldName}`) ?? NOTHING,
  };
}

/** Name and URL of each subgraph, by its name in `join__Graph`. */
function readSubgraphs(document: DocumentNode): Map<string, { name: string; url: string }> {
  const subgraphs = new Map<string, { name: string; url: string }>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.ENUM_TYPE_DEFINITION || definition.name.value !== "join__Graph") continue;
    for (const { name, directives } of definition.values ?? []) {
      const given = new Map<string, string>();
      for (const argument of directives?.find((each) => each.name.value === "join__graph")?.arguments ?? []) {
        if (argument.value.kind === Kind.STRING) given.set(argument.name.value, argument.value.value);
      }
      subgraphs.set(name.value, { name: given.get("name") ?? name.value, url: given.get("url") ?? "" });
    }
  }
  return subgraphs;
}

function readStreamedFields(
  document: DocumentNode,
  subgraphs: Map<string, { url: string }>,
): Map<string, StreamedDirective> {
  const type = subscriptionType(document);
  const directives = readStreamedDirectives(document);
  for (const field of type?.fields ?? []) {
    const graphs = graphsOfField(type!, field);
    if (!graphs.some((graph) => subgraphs.get(graph)?.url === STREAM_URL)) directives.delete(field.name.value);
  }
  return directives;
}

function readNames(document: DocumentNode): Pick<RouterSupergraph, "fieldNames" | "requiredNames" | "inputs"> {
  const fieldNames = new Set<string>();
  const inputs: Input[] = [];
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    for (const field of definition.fields ?? []) fieldNames.add(field.name.value);
    for (const node of [definition, ...(definition.fields ?? [])]) {
      const of = node === definition ? null : node.name.value;
      for (const fieldSet of (node.directives ?? []).flatMap(fieldSetsOf))
        inputs.push({ of, fieldSet, names: fieldNamesOf(fieldSet) });
    }
  }
  return { fieldNames, requiredNames: new Set(inputs.flatMap(({ names }) => [...names])), inputs };
}

function fieldSetsOf(directive: ConstDirectiveNode): SelectionSetNode[] {
  const read = (directive.arguments ?? []).flatMap(({ name, value }) => {
    const isFieldSet = name.value === "key" || name.value === "requires";
    const isMeant = directive.name.value.startsWith("join__") && isFieldSet && value.kind === Kind.STRING;
    return isMeant ? [parseFieldSet(value.value)] : [];
  });
  return [...contextSelectionsOf(directive), ...read];
}

function readRequirements(
  document: DocumentNode,
  subgraphs: Map<string, { name: string }>,
): Map<string, ReadonlySet<string>> {
  const requirements = new Map<string, ReadonlySet<string>>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    for (const field of definition.fields ?? []) {
      for (const directive of field.directives ?? []) {
        if (directive.name.value !== "join__field") continue;
        const value = (name: string) => directive.arguments?.find((argument) => argument.name.value === name)?.value;
        const [graph, requires] = [value("graph"), value("requires")];
        if (graph?.kind !== Kind.ENUM || requires?.kind !== Kind.STRING) continue;
        const subgraph = subgraphs.get(graph.value)?.name ?? graph.value;
        requirements.set(
          `${subgraph}:${definition.name.value}.${field.name.value}`,
          fieldNamesOf(parseFieldSet(requires.value)),
        );
      }
    }
  }
  return requirements;
}
