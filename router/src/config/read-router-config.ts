import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { EXIT_CODE_CONFIG } from "@mib/service/config";
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from "yaml";
import type { z } from "zod";
import { expandVariables } from "./expand-variables.ts";
import { routerConfigSchema, type RouterConfig } from "./router-config.ts";

const OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";
const OWN_CONFIG = join(import.meta.dirname, "../../router.yaml");

/**
 * The configuration of a router process. `--config FILE` names the file; without it, and without `--supergraph`, it is
 * router/router.yaml. `--supergraph FILE` (or a URL), `--port N`, `--host H` and `--workers N` win over the file; `--supergraph` alone runs any
 * supergraph with the defaults. Prints every problem at once and exits with 78 when there is one.
 */
export function readRouterConfig(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): { config: RouterConfig; file: string | null } {
  const result = parseRouterConfig(args, environment);
  if ("config" in result) return result;
  process.stderr.write(`The router's configuration has ${result.problems.length} problem(s):\n`);
  for (const problem of result.problems) process.stderr.write(`  ${problem}\n`);
  process.exit(EXIT_CODE_CONFIG);
}

/** As `readRouterConfig`, but returns the problems. `file` is null where the command line says everything. */
export function parseRouterConfig(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): { config: RouterConfig; file: string | null } | { problems: string[] } {
  let options: {
    config?: string | undefined;
    supergraph?: string | undefined;
    port?: string | undefined;
    host?: string | undefined;
    workers?: string | undefined;
  };
  try {
    const string = { type: "string" } as const;
    options = parseArgs({
      args: [...args],
      options: { config: string, supergraph: string, port: string, host: string, workers: string },
    }).values;
  } catch (error) {
    return { problems: [(error as Error).message] };
  }
  const file = options.config ?? (options.supergraph === undefined ? OWN_CONFIG : null);
  let text = "";
  try {
    if (file !== null) text = readFileSync(file, "utf8");
  } catch {
    return { problems: [`${file}: cannot be read`] };
  }
  const parsed = parseConfigText(text, {
    file: file ?? "command line",
    environment,
    overrides: {
      ...(options.supergraph !== undefined && supergraphAt(options.supergraph)),
      ...(options.port !== undefined && { "listen.port": numberIn(options.port) }),
      ...(options.workers !== undefined && { workers: numberIn(options.workers) }),
      ...(options.host !== undefined && { "listen.host": options.host }),
    },
  });
  return "problems" in parsed ? parsed : { ...parsed, file };
}

/** What is no number is left to the schema to refuse. */
function numberIn(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

function supergraphAt(place: string): Record<string, unknown> {
  const isUrl = /^https?:\/\//.test(place);
  return { "supergraph.url": isUrl ? place : null, "supergraph.file": isUrl ? null : resolve(place) };
}

/** Reads router.yaml's text. `overrides` are values by dotted path; relative files are taken from where the file is. */
export function parseConfigText(
  text: string,
  {
    file,
    environment,
    overrides = {},
  }: { file: string; environment: NodeJS.ProcessEnv; overrides?: Record<string, unknown> },
): { config: RouterConfig } | { problems: string[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number) => `${file}:${lines.linePos(offset).line}`;
  if (document.errors.length > 0)
    return { problems: document.errors.map((error) => `${at(error.pos[0])}: ${error.message.split("\n")[0]}`) };
  const problems: Problem[] = expandVariables(document, environment).map(({ name, offset }) => ({
    offset,
    text: `the variable ${name} is not set and has no default`,
  }));
  if (document.contents === null) document.contents = document.createNode({}) as never;
  if (!isMap(document.contents)) return { problems: [`${file}: must hold settings by name`] };
  for (const [path, value] of Object.entries(overrides)) document.setIn(path.split("."), value);

  const result = routerConfigSchema.safeParse(document.toJS());
  // The variable that all of OpenTelemetry reads, unless the file says something of its own.
  const collector = document.hasIn(["telemetry", "traces", "otlp_url"]) ? null : environment[OTLP_ENDPOINT] || null;
  if (collector !== null && !URL.canParse(collector))
    problems.push({ offset: null, text: `the variable ${OTLP_ENDPOINT} must be a URL` });
  problems.push(...(result.error?.issues ?? []).flatMap((issue) => problemsOf(document, issue)));
  if (problems.length > 0 || !result.success) {
    problems.sort((left, right) => (left.offset ?? -1) - (right.offset ?? -1));
    return { problems: problems.map(({ offset, text }) => `${offset === null ? file : at(offset)}: ${text}`) };
  }
  const config = result.data;
  config.telemetry.traces.otlp_url ??= collector;
  const folder = dirname(resolve(file));
  if (config.supergraph.file !== null) config.supergraph.file = resolve(folder, config.supergraph.file);
  if (config.tls !== null) {
    config.tls.certificate_file = resolve(folder, config.tls.certificate_file);
    config.tls.private_key_file = resolve(folder, config.tls.private_key_file);
  }
  config.plugins = config.plugins.map((plugin) => resolve(folder, plugin));
  if (config.identity.private_key_file !== null)
    config.identity.private_key_file = resolve(config.identity.private_key_file);
  if (config.streams.cursor_keys_file !== null)
    config.streams.cursor_keys_file = resolve(config.streams.cursor_keys_file);
  return { config };
}

interface Problem {
  /** Where it stands in the file; null for what the command line said. */
  offset: number | null;
  text: string;
}

function problemsOf(document: Document, issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      offset: offsetOfKey(document, issue.path, key),
      text: `${[...issue.path, key].map(String).join(".")}: there is no such setting`,
    }));
  }
  const path = issue.path.map(String).join(".") || "the file";
  return [{ offset: offsetOf(document, issue.path), text: `${path}: ${issue.message}` }];
}

/** Where the value of a path stands in the file, or the nearest setting around it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | null {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return null;
}

function offsetOfKey(document: Document, path: readonly PropertyKey[], key: string): number | null {
  const map = document.getIn(path, true);
  const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key) : undefined;
  return isNode(pair?.key) && pair.key.range ? pair.key.range[0] : offsetOf(document, path);
}
