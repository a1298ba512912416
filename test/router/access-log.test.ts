import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { eventually } from "@mib/testkit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { federated, json } from "../federation/federated.ts";
import { otlpCollector } from "./otlp-collector.ts";

interface Line {
  msg: string;
  [field: string]: unknown;
}

/** A router's own process on a router.yaml and a plugin beside it, with the lines that it logs. */
async function routerProcess(settings: string, environment: Record<string, string> = {}) {
  const { supergraphSdl } = await federated({
    words: {
      typeDefs: "type Query { word: String slow: String failing: String }",
      answer({ query }, response) {
        if (query.includes("failing")) return json(response, { data: null, errors: [{ message: "no" }] });
        setTimeout(() => json(response, { data: { word: "yes", slow: "yes" } }), query.includes("slow") ? 150 : 0);
      },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), "access-log-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "s.graphql"), supergraphSdl);
  writeFileSync(
    join(folder, "greeting.ts"),
    `const name: string = "greeting";
     export default { name, onRequest: () => ({ onResponse: ({ setHeader }) => setHeader("x-greeting", "hello") }) };`,
  );
  writeFileSync(
    join(folder, "router.yaml"),
    `supergraph: { file: s.graphql }\nlisten: { port: 0 }\nplugins: [./greeting.ts]\n${settings}\n`,
  );
  const lines: Line[] = [];
  const child = spawn(process.execPath, [resolve("router/src/main.mjs"), "--config", join(folder, "router.yaml")], {
    env: { ...process.env, LOG_LEVEL: "info", ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(JSON.parse(line) as Line));
  const ready = await eventually(() => lines.find(({ msg }) => msg === "ready" || msg === "stopped") ?? false, {
    deadlineMs: 90_000,
  });
  return {
    async ask(query: string, headers: Record<string, string> = {}) {
      const response = await fetch(String(ready["url"]), {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ query }),
      });
      return { headers: response.headers, text: await response.text() };
    },
    /** Ends the router as an operator does; returns the access log. */
    async stop(): Promise<Line[]> {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      expect(await exited).toEqual([0, null]);
      return lines
        .filter(({ log }) => log === "access")
        .sort((left, right) => (String(left["requestId"]) < String(right["requestId"]) ? -1 : 1));
    },
  };
}

test("each request is one line that says what happened, and of the caller only the kind", async () => {
  const { ask, stop } = await routerProcess("telemetry: { access_log: {} }");
  const { headers, text } = await ask("query Say { word }", { "x-request-id": "request-1" });
  expect(headers.get("x-greeting")).toBe("hello");
  await ask("{ nothing }", { "x-request-id": "request-2" });
  await ask("{ word }", { "x-request-id": "request-3", authorization: "Bearer secret" });
  const log = await stop();
  expect(log).toMatchObject([
    {
      msg: "request",
      requestId: "request-1",
      transport: "http",
      method: "POST",
      operation: "Say",
      kind: "query",
      status: 200,
      durationMs: expect.any(Number),
      bytes: text.length,
      caller: "none",
      fetches: 1,
    },
    { requestId: "request-2", operation: null, fetches: 0, errors: ["GRAPHQL_VALIDATION_FAILED"] },
    { requestId: "request-3", status: 401, caller: null, errors: ["CREDENTIAL_INVALID"] },
  ]);
  expect(log[0]).not.toHaveProperty("errors");
  expect(JSON.stringify(log)).not.toContain("secret");
});

test("errors and slow requests are logged whatever the sampling, and lead to their traces", async () => {
  const collector = await otlpCollector();
  const { ask, stop } = await routerProcess("telemetry: { access_log: { sample_percent: 0, slow_ms: 100 } }", {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  });
  for (let i = 0; i < 5; i++) await ask("query Fast { word }");
  await ask("query Slow { slow }");
  const trace = "0af7651916cd43dd8448eb211c80319c";
  await ask("query Failing { failing }", { traceparent: `00-${trace}-b7ad6b7169203331-01` });
  const log = await stop();
  expect(log.filter(({ operation }) => operation !== "Fast")).toMatchObject([
    { operation: "Slow" },
    { operation: "Failing", errors: ["SUBGRAPH_ERROR"], traceId: trace },
  ]);
  // The first one, which has to be planned, may be slow on a busy machine.
  expect(log.filter(({ operation }) => operation === "Fast").length).toBeLessThan(2);
  expect(collector.spans.some(({ name, traceId }) => name === "fetch words" && traceId === trace)).toBe(true);
});
