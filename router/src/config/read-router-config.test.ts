import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseConfigText, parseRouterConfig } from "./read-router-config.ts";
import { routerConfigJsonSchema } from "./router-config-json-schema.ts";
import { subgraphConfig } from "./router-config.ts";

const read = (text: string, environment: NodeJS.ProcessEnv = {}) =>
  parseConfigText(text, { file: "/etc/mib/router.yaml", environment });
const problems = (result: ReturnType<typeof read>) => ("problems" in result ? result.problems : []);

test("a supergraph alone is enough, and its file is taken from where the configuration is", () => {
  const result = read("supergraph: { file: s.graphql }");
  if ("problems" in result) throw new Error(result.problems.join("\n"));
  expect(result.config.supergraph.file).toBe("/etc/mib/s.graphql");
  expect(result.config.listen).toMatchObject({ host: "127.0.0.1", port: 4000, path: "/graphql" });
  expect(result.config.streams.redis_url).toBeNull();
});

test("every problem is told at once, with its line and path", () => {
  const text = [
    "supergraph:",
    "  file: s",
    "listen:",
    "  port: many",
    "limits:",
    "  depth_max: 0",
    "colour: red",
    "streams:",
    "  redis_url: ${NOT_THERE}",
  ].join("\n");
  const found = problems(read(text));
  expect(found).toEqual([
    expect.stringMatching(/router\.yaml:4: listen\.port: /),
    expect.stringMatching(/router\.yaml:6: limits\.depth_max: /),
    "/etc/mib/router.yaml:7: colour: there is no such setting",
    expect.stringMatching(/router\.yaml:9: the variable NOT_THERE is not set/),
  ]);
});

test("broken YAML and a file that holds no settings are told, not thrown", () => {
  expect(problems(read("supergraph: {"))[0]).toMatch(/^\/etc\/mib\/router\.yaml:1: /);
  expect(problems(read("- a"))).toEqual(["/etc/mib/router.yaml: must hold settings by name"]);
});

test("variables fill values in, with their defaults, and can add no structure", () => {
  const text =
    "supergraph: { file: s }\nlisten:\n  port: ${PORT:-4100}\n  host: ${HOST:-::1}\ncors:\n  origins: ${ORIGINS:-}\nstreams:\n  redis_url: ${REDIS_URL:-}";
  const defaults = read(text);
  if ("problems" in defaults) throw new Error(defaults.problems.join("\n"));
  expect([defaults.config.listen.port, defaults.config.listen.host, defaults.config.streams.redis_url]).toEqual([
    4100,
    "::1",
    null,
  ]);
  const filled = read(text, {
    PORT: "5000",
    ORIGINS: "https://a.example, https://b.example",
    REDIS_URL: "redis://h:1",
  });
  if ("problems" in filled) throw new Error(filled.problems.join("\n"));
  expect(filled.config).toMatchObject({
    listen: { port: 5000 },
    cors: { origins: ["https://a.example", "https://b.example"] },
    streams: { redis_url: ["redis://h:1"] },
  });
  expect(problems(read(text, { HOST: "x\n  path: /y", PORT: "{a: 1}" })).join()).toMatch(/listen\.port/);
});

test("what the command line says wins over the file, and a supergraph on it needs no file", () => {
  const result = parseRouterConfig(["--supergraph", "/tmp/x.graphql", "--port", "4321"], {});
  if ("problems" in result) throw new Error(result.problems.join("\n"));
  expect(result.config).toMatchObject({
    supergraph: { file: "/tmp/x.graphql" },
    listen: { port: 4321 },
    authentication: null,
    subgraphs: {},
  });
  expect(problems(parseRouterConfig(["--port"], {}))).toHaveLength(1);
  expect(problems(parseRouterConfig(["--config", "/nowhere.yaml"], {}))).toEqual(["/nowhere.yaml: cannot be read"]);
});

test("the platform's own router.yaml is good as it stands", () => {
  const own = join(import.meta.dirname, "../../router.yaml");
  const result = parseConfigText(readFileSync(own, "utf8"), { file: own, environment: {} });
  expect(problems(result)).toEqual([]);
});

test("a supergraph comes from a file or from a URL", () => {
  const source = (result: ReturnType<typeof read>) =>
    "problems" in result ? result.problems : [result.config.supergraph.file, result.config.supergraph.url];
  expect(source(read("supergraph: { url: https://a.test/s }"))).toEqual([null, "https://a.test/s"]);
  expect(source(parseRouterConfig(["--supergraph", "https://a.test/s"], {}))).toEqual([null, "https://a.test/s"]);
  expect(source(read("supergraph: { url: https://a.test/s, file: s }"))).toEqual([
    "/etc/mib/router.yaml:1: supergraph: needs a file or a url, and not both",
  ]);
  expect(source(read("supergraph: {}"))).toHaveLength(1);
});

test("what holds for all subgraphs holds for each that says nothing else, and for those not named", () => {
  const result = read(
    "supergraph: { file: s }\nall_subgraphs: { timeout_ms: 50 }\nsubgraphs: { a: { timeout_ms: 7 }, b: {} }",
  );
  if ("problems" in result) throw new Error(result.problems.join("\n"));
  const timeouts = ["a", "b", "c"].map((name) => subgraphConfig(result.config, name).timeout_ms);
  expect(timeouts).toEqual([7, 50, 50]);
});

test("rules for all subgraphs come before those of one", () => {
  const result = read(
    [
      "supergraph: { file: s }",
      "all_subgraphs: { headers: [{ insert: { name: x-a, value: all } }] }",
      "subgraphs: { a: { headers: [{ remove: { named: x-a } }] } }",
    ].join("\n"),
  );
  if ("problems" in result) throw new Error(result.problems.join("\n"));
  expect(subgraphConfig(result.config, "a").headers.map((rule) => Object.keys(rule)[0])).toEqual(["insert", "remove"]);
  expect(subgraphConfig(result.config, "b").headers).toHaveLength(1);
});

test("credentials are not forwarded to subgraphs that never learn who calls", () => {
  const rule = "headers: [{ propagate: { named: Authorization } }]";
  const text = `supergraph: { file: s }\nsubgraphs:\n  a: { ${rule} }\n  b: { identity: subject, ${rule} }\n`;
  expect(problems(read(text))).toEqual([expect.stringMatching(/:3: subgraphs\.a\.headers\.0: forwards a credential/)]);
  expect(problems(read(`supergraph: { file: s }\nall_subgraphs: { ${rule} }`))).toHaveLength(1);
});

describe("the JSON Schema for editors", () => {
  const validate = new Ajv2020().compile(routerConfigJsonSchema());

  test("accepts the platform's own router.yaml as it is written", () => {
    validate(parse(readFileSync(join(import.meta.dirname, "../../router.yaml"), "utf8")));
    expect(validate.errors).toBeNull();
  });

  test.each([
    ["an unknown setting", { colour: "red" }],
    ["a text for a number", { listen: { port: "many" } }],
    ["a number out of its range", { listen: { port: 70_000 } }],
    ["a value that is none of those allowed", { subgraphs: { a: { identity: "all" } } }],
  ])("refuses %s", (_, settings) => {
    expect(validate({ supergraph: { file: "s" }, ...settings })).toBe(false);
  });

  test("accepts a variable where a number stands, and a list in one text", () => {
    const settings = { listen: { port: "${PORT:-1}" }, cors: { origins: "https://a.example,https://b.example" } };
    expect(validate({ supergraph: { file: "s" }, ...settings })).toBe(true);
  });

  test("docs/router.md tells every setting", () => {
    const told = readFileSync(join(import.meta.dirname, "../../../docs/router.md"), "utf8");
    expect(settingNames(routerConfigJsonSchema()).filter((name) => !told.includes(name))).toEqual([]);
  });
});

function settingNames(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const own = "properties" in schema ? Object.keys(schema.properties as object) : [];
  return [...own, ...Object.values(schema).flatMap(settingNames)];
}

test("traces go where OpenTelemetry's variable says, unless the file says something of its own", () => {
  const url = (text: string, environment: NodeJS.ProcessEnv) => {
    const result = read(`supergraph: { file: s }\n${text}`, environment);
    return "problems" in result ? result.problems : result.config.telemetry.traces.otlp_url;
  };
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };
  expect(url("", {})).toBeNull();
  expect(url("", environment)).toBe("http://collector:4318");
  expect(url("telemetry: { traces: { sample_percent: 5 } }", environment)).toBe("http://collector:4318");
  expect(url("telemetry: { traces: { otlp_url: http://own } }", environment)).toBe("http://own");
  expect(url("telemetry: { traces: { otlp_url: null } }", environment)).toBeNull();
  expect(url("", { OTEL_EXPORTER_OTLP_ENDPOINT: "nowhere" })).toEqual([
    "/etc/mib/router.yaml: the variable OTEL_EXPORTER_OTLP_ENDPOINT must be a URL",
  ]);
});

test("several servers of Redis are those of a cluster, and a comma in a password parts none", () => {
  const streams = (settings: string) => {
    const result = read(`supergraph: { file: s }\nstreams: { ${settings} }`);
    return "problems" in result ? result.problems : result.config.streams.redis_url;
  };
  const url = (text: string) => `redis_url: "${text}"`;
  expect(streams(url("rediss://:a,b@one:1"))).toEqual(["rediss://:a,b@one:1"]);
  const several = url("redis://:a,b@one:1,redis://two:2");
  expect(streams(`${several}, redis_cluster: true`)).toEqual(["redis://:a,b@one:1", "redis://two:2"]);
  expect(streams(several)).toEqual([expect.stringContaining("may be several of a cluster only")]);
  expect(streams(url("redis://one:1,two:2"))).toEqual([expect.stringContaining("must be a URL, or URLs with commas")]);
});
