import { spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connect as tlsConnect } from "node:tls";
import { eventually, patient } from "@mib/testkit/eventually";
import { freePort } from "@mib/testkit/free-port";
import { expect, onTestFinished, test } from "vitest";
import { http2Connection, http2Request } from "./http2-client.ts";
import { slowWord } from "./slow-word.ts";
import { tlsFiles } from "./tls-files.ts";

const MAIN = join(import.meta.dirname, "../../router/src/main.mjs");
const DEADLINE = { deadlineMs: 60_000 };

/** A router process with workers, on files of its own. */
async function routerProcess(workers: number, supergraphSdl: string, settings = "") {
  const folder = mkdtempSync(join(tmpdir(), "router-workers-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, `${name}.new`), text);
    renameSync(join(folder, `${name}.new`), join(folder, name));
  };
  write("s.graphql", supergraphSdl);
  write("router.yaml", `supergraph: { file: s.graphql }\nlisten: { port: ${await freePort()} }\n${settings}`);
  const args = [MAIN, "--config", join(folder, "router.yaml"), "--workers", String(workers)];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, LOG_LEVEL: "info" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  let url = "";
  let allServe = false;
  createInterface(child.stdout).on("line", (line) => {
    const said = JSON.parse(line) as { msg?: string; url?: string };
    if (said.msg === "ready") url = said.url!;
    if (said.msg === "all workers serve") allServe = true;
  });
  const stopped = exited.then(([code]) => code as number | null);
  return { child, stopped, write, url: () => url, allServe: () => allServe };
}

/** Over a connection of its own, so that any worker may get it. */
function ask(url: string, path: string, body?: object): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const signal = AbortSignal.timeout(patient(DEADLINE.deadlineMs));
  const options = { agent: new Agent({ keepAlive: false }), signal, headers: { "content-type": "application/json" } };
  const address = new URL(path, url);
  const sent = body ? httpRequest(address, { ...options, method: "POST" }) : get(address, options);
  sent.once("error", reject).once("response", async (response) => {
    let text = "";
    for await (const chunk of response) text += String(chunk);
    resolve({ status: response.statusCode!, body: text });
  });
  sent.end(body && JSON.stringify(body));
  return promise;
}

const word = async (url: string) => (await ask(url, "/graphql", { query: "{ word }" })).body;
const pidsOf = async (url: string): Promise<number[]> => {
  const { checks } = JSON.parse((await ask(url, "/ready")).body) as {
    checks: Record<string, { detail: { pid?: number } }>;
  };
  return Object.values(checks).flatMap(({ detail }) => detail.pid ?? []);
};
const metric = async (url: string, name: string) =>
  [...(await ask(url, "/metrics")).body.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))].map(
    ([, value]) => Number(value),
  );

test("workers share the port, and are told about, reloaded, replaced and ended as one", async () => {
  const { supergraphSdl, asked, go } = await slowWord();
  const { child, stopped, write, url, allServe } = await routerProcess(2, supergraphSdl);
  await eventually(allServe, DEADLINE);

  for (let i = 0; i < 8; i++) expect(await word(url())).toBe('{"data":{"word":"yes"}}');
  expect(await metric(url(), "router_operations_total")).toEqual([8]);
  expect(await metric(url(), "router_workers")).toEqual([2]);
  const first = await pidsOf(url());
  expect(new Set(first).size).toBe(2);
  expect(first).not.toContain(child.pid);

  const reserved = await fetch(new URL("/graphql", url()), { method: "PUT" });
  expect([reserved.status, await reserved.text()]).toEqual([501, expect.stringContaining("one process")]);

  write("s.graphql", supergraphSdl.replace("word: String", "word: String newer: String"));
  await eventually(async () => expect(await metric(url(), "router_reloads_total")).toEqual([2]), DEADLINE);
  for (let i = 0; i < 4; i++)
    expect((await ask(url(), "/graphql", { query: "{ newer }" })).body).not.toContain("Cannot query");

  process.kill(first[0]!, "SIGKILL");
  await eventually(async () => {
    const now = await pidsOf(url());
    expect([now.length, now.includes(first[0]!)]).toEqual([2, false]);
  }, DEADLINE);
  expect(await metric(url(), "router_worker_restarts_total")).toEqual([1]);

  const slow = ask(url(), "/graphql", { query: "{ slow }" });
  await asked.promise;
  child.kill("SIGTERM");
  await eventually(
    () =>
      word(url()).then(
        () => false,
        () => true,
      ),
    DEADLINE,
  );
  go.resolve();
  expect((await slow).body).toBe('{"data":{"slow":"done"}}');
  expect(await stopped).toBe(0);
});

test("workers that cannot start end the whole", async () => {
  const { stopped } = await routerProcess(2, "type Query {");
  expect(await stopped).toBe(1);
});

test("workers serve HTTP/2 behind TLS on the one port, and each takes a new certificate", async () => {
  const { supergraphSdl } = await slowWord();
  const { tls, certificate, renew } = tlsFiles();
  const { child, stopped, url, allServe } = await routerProcess(2, supergraphSdl, `tls: ${JSON.stringify(tls)}\n`);
  await eventually(allServe, DEADLINE);
  const over = async (ca: string, path: string, body?: object) => {
    const session = await http2Connection(url(), ca);
    const answer = http2Request(session, body ? { path, body } : { method: "GET", path });
    await answer.closed;
    session.close();
    return answer.text();
  };
  const answering = async (ca: string) => {
    const { checks } = JSON.parse(await over(ca, "/ready")) as { checks: Record<string, { detail: { pid?: number } }> };
    return new Set(Object.values(checks).flatMap(({ detail }) => detail.pid ?? []));
  };

  for (let i = 0; i < 8; i++)
    expect(await over(certificate, "/graphql", { query: "{ word }" })).toBe('{"data":{"word":"yes"}}');
  expect((await answering(certificate)).size).toBe(2);

  const renewed = renew();
  const shown = async () => {
    const socket = tlsConnect({ host: "127.0.0.1", port: Number(new URL(url()).port), rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const until = socket.getPeerCertificate().valid_to;
    socket.destroy();
    return until;
  };
  const until = new Date(new X509Certificate(renewed).validTo).toUTCString();
  // Which worker gets a connection is the kernel's choice: none of twenty has the old one.
  await eventually(async () => {
    const seen = await Promise.all(Array.from({ length: 20 }, shown));
    return seen.every((day) => new Date(day).toUTCString() === until);
  }, DEADLINE);
  expect(await over(renewed, "/graphql", { query: "{ word }" })).toBe('{"data":{"word":"yes"}}');
  child.kill("SIGTERM");
  expect(await stopped).toBe(0);
});
