import {
  Kind,
  valueFromASTUntyped,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type ObjectTypeDefinitionNode,
} from "graphql";

/** What `@streamed` says about a field of the Subscription type, defaults filled in. */
export interface StreamedDirective {
  topic: string;
  channel: string;
  /** KAFKA or REDIS, as it is written. */
  source: string;
  delivery: "EVERY" | "LATEST";
  snapshot: "LAST" | "NONE";
  filter: readonly string[];
  /** What an API key must be allowed to do. */
  scope: string | null;
}

/** Where the events of a streamed field come from: through Kafka and the relay, or from a stream that services fill in Redis. */
export type StreamKind = (typeof STREAM_KINDS)[number];

export const STREAM_KINDS = ["KAFKA", "REDIS"] as const;

export const isStreamKind = (source: string): source is StreamKind =>
  (STREAM_KINDS as readonly string[]).includes(source);

const STREAMED_SPEC = /\/streamed\/v\d+\.\d+$/;

/** The directive of each streamed subscription field, by the field's name. */
export function readStreamedDirectives(schema: DocumentNode): Map<string, StreamedDirective> {
  const name = streamedDirectiveName(schema);
  const found = new Map<string, StreamedDirective>();
  for (const field of subscriptionType(schema)?.fields ?? []) {
    const directive = field.directives?.find((each) => each.name.value === name);
    if (directive) found.set(field.name.value, streamedArguments(directive));
  }
  return found;
}

/** The Subscription type of a schema or supergraph, whatever it is called. */
export function subscriptionType(schema: DocumentNode): ObjectTypeDefinitionNode | undefined {
  let name = "Subscription";
  for (const definition of schema.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const operation of definition.operationTypes ?? []) {
      if (operation.operation === "subscription") name = operation.type.name.value;
    }
  }
  return schema.definitions.find(
    (definition): definition is ObjectTypeDefinitionNode =>
      definition.kind === Kind.OBJECT_TYPE_DEFINITION && definition.name.value === name,
  );
}

/** The subgraphs (as names of `join__Graph`) that a field of a supergraph comes from. */
export function graphsOfField(type: ObjectTypeDefinitionNode, field: FieldDefinitionNode): string[] {
  const onField = graphArguments(field.directives, "join__field");
  return onField.length > 0 ? onField : graphArguments(type.directives, "join__type");
}

function graphArguments(directives: readonly ConstDirectiveNode[] | undefined, name: string): string[] {
  return (directives ?? [])
    .filter((directive) => directive.name.value === name)
    .flatMap((directive) => directive.arguments ?? [])
    .flatMap((argument) =>
      argument.name.value === "graph" && argument.value.kind === Kind.ENUM ? [argument.value.value] : [],
    );
}

function streamedDirectiveName(schema: DocumentNode): string {
  for (const definition of schema.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const link of definition.directives ?? []) {
      const argument = (name: string) => {
        const found = link.arguments?.find((each) => each.name.value === name);
        return found && valueFromASTUntyped(found.value);
      };
      const url = argument("url");
      if (link.name.value !== "link" || typeof url !== "string" || !STREAMED_SPEC.test(url)) continue;
      for (const imported of (argument("import") as (string | { name: string; as?: string })[] | undefined) ?? []) {
        if (typeof imported !== "string" && imported.name === "@streamed") return (imported.as ?? "@streamed").slice(1);
      }
    }
  }
  return "streamed";
}

function streamedArguments(directive: ConstDirectiveNode): StreamedDirective {
  const given: Record<string, unknown> = {};
  for (const argument of directive.arguments ?? []) given[argument.name.value] = valueFromASTUntyped(argument.value);
  const text = <Otherwise>(name: string, otherwise: Otherwise) =>
    typeof given[name] === "string" ? given[name] : otherwise;
  return {
    topic: text("topic", ""),
    channel: text("channel", "*"),
    source: text("source", "KAFKA"),
    delivery: given["delivery"] === "LATEST" ? "LATEST" : "EVERY",
    snapshot: given["snapshot"] === "LAST" ? "LAST" : "NONE",
    filter: [given["filter"] ?? []].flat().map(String),
    scope: text("scope", null),
  };
}
