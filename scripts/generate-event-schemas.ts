/**
 * Writes `packages/events/schemas/<topic>.json` for every topic: from the Subscription fields of `subgraphs/<name>/streams.graphql`, and
 * from the types with @topic in `packages/events/payloads.graphql`. `--check` writes nothing and fails when a file is not up to date.
 * Refuses a change that breaks readers or writers of the last commit's version, unless told `--allow-breaking`.
 */
import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type DirectiveNode,
  type DocumentNode,
  type EnumTypeDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  type TypeNode,
} from "graphql";
import { eventSchemaBreaks } from "./generate/event-compatibility.ts";

const FOLDER = "packages/events/schemas";

const DECIMAL = "^-?(0|[1-9][0-9]*)(\\.[0-9]*[1-9])?$";
const DATE_TIME =
  "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{0,8}[1-9])?Z$";

const SCALARS: Record<string, object> = {
  ID: { type: "string", minLength: 1 },
  String: { type: "string" },
  Boolean: { type: "boolean" },
  Int: { type: "integer", minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
  Float: { type: "number" },
  Decimal: { type: "string", pattern: DECIMAL },
  DateTime: { type: "string", pattern: DATE_TIME },
};

/** The JSON schema of each topic's value, by topic. */
export function eventSchemas(documents: DocumentNode[]): Map<string, object> {
  const schemas = new Map<string, object>();
  for (const document of documents) {
    const types = new Map(
      document.definitions
        .filter((node) => "name" in node && node.name !== undefined)
        .map((node) => [(node as { name: { value: string } }).name.value, node]),
    );
    const payloads: [topic: string, type: string][] = [];
    for (const node of types.values()) {
      if (node.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
      const topic = argument(node.directives, "topic", "name");
      if (topic !== null) payloads.push([topic, node.name.value]);
      if (node.name.value !== "Subscription") continue;
      for (const field of node.fields ?? []) {
        const streamed = argument(field.directives, "streamed", "topic");
        if (streamed !== null) payloads.push([streamed, namedType(field.type)]);
      }
    }
    for (const [topic, type] of payloads) {
      if (schemas.has(topic)) throw new Error(`two payloads for ${topic}`);
      const definitions: Record<string, object> = {};
      define(type, types, definitions);
      schemas.set(topic, {
        $schema: "http://json-schema.org/draft-07/schema#",
        title: `${type} on ${topic}`,
        $ref: `#/definitions/${type}`,
        definitions,
      });
    }
  }
  return schemas;
}

/** Adds a type and all that it reaches. Unknown properties are allowed: a newer producer may know a field more. */
function define(name: string, types: Map<string, { kind: string }>, definitions: Record<string, object>): void {
  if (definitions[name] !== undefined || SCALARS[name] !== undefined) return;
  const node = types.get(name);
  if (node?.kind === Kind.ENUM_TYPE_DEFINITION) {
    definitions[name] = { enum: ((node as EnumTypeDefinitionNode).values ?? []).map((value) => value.name.value) };
    return;
  }
  if (node?.kind !== Kind.OBJECT_TYPE_DEFINITION) throw new Error(`no schema for the type ${name}`);
  const fields = (node as ObjectTypeDefinitionNode).fields ?? [];
  definitions[name] = {}; // taken before its fields are visited: types may contain themselves
  for (const field of fields) define(namedType(field.type), types, definitions);
  definitions[name] = {
    type: "object",
    required: fields.filter((field) => field.type.kind === Kind.NON_NULL_TYPE).map((field) => field.name.value),
    properties: Object.fromEntries(fields.map((field) => [field.name.value, schemaOf(field.type)])),
  };
}

function schemaOf(type: TypeNode): object {
  return type.kind === Kind.NON_NULL_TYPE
    ? schemaOfNonNull(type.type)
    : { anyOf: [schemaOfNonNull(type), { type: "null" }] };
}

function schemaOfNonNull(type: Exclude<TypeNode, { kind: Kind.NON_NULL_TYPE }>): object {
  if (type.kind === Kind.LIST_TYPE) return { type: "array", items: schemaOf(type.type) };
  return SCALARS[type.name.value] ?? { $ref: `#/definitions/${type.name.value}` };
}

function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}

function argument(directives: readonly DirectiveNode[] | undefined, directive: string, name: string): string | null {
  const found = directives
    ?.find((node) => node.name.value === directive)
    ?.arguments?.find((node) => node.name.value === name)?.value;
  return found?.kind === Kind.STRING ? found.value : null;
}

/** `null` for a new file, and in a copy of the sources without its repository. */
function lastCommitted(path: string): string | null {
  try {
    return execFileSync("git", ["show", `HEAD:${path}`], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return null;
  }
}

if (import.meta.main) {
  const sources = [...globSync("subgraphs/*/streams.graphql").sort(), "packages/events/payloads.graphql"];
  const files = new Map(
    [...eventSchemas(sources.map((path) => parse(readFileSync(path, "utf8"))))].map(([topic, schema]) => [
      `${topic}.json`,
      `${JSON.stringify(schema, null, 2)}\n`,
    ]),
  );
  if (!process.argv.includes("--allow-breaking")) {
    const breaks = [...files].flatMap(([file, text]) => {
      const committed = lastCommitted(join(FOLDER, file));
      if (committed === null) return [];
      return eventSchemaBreaks(JSON.parse(committed), JSON.parse(text)).map((what) => `  ${file}: ${what}`);
    });
    if (breaks.length > 0) {
      const hint =
        "these events break older or newer parts; a new version of the topic does not (--allow-breaking lets it)";
      process.stderr.write(`${hint}\n${breaks.join("\n")}\n`);
      process.exit(1);
    }
  }
  mkdirSync(FOLDER, { recursive: true });
  const existing = readdirSync(FOLDER).filter((file) => file.endsWith(".json"));
  if (process.argv.includes("--check")) {
    const stale = [...new Set([...existing, ...files.keys()])].filter(
      (file) =>
        !files.has(file) || !existing.includes(file) || readFileSync(join(FOLDER, file), "utf8") !== files.get(file),
    );
    if (stale.length > 0) {
      process.stderr.write(
        `not up to date: ${stale.map((file) => join(FOLDER, file)).join(", ")}; run npm run generate\n`,
      );
      process.exit(1);
    }
  } else {
    for (const file of existing) if (!files.has(file)) rmSync(join(FOLDER, file));
    for (const [file, text] of files) writeFileSync(join(FOLDER, file), text);
  }
}
