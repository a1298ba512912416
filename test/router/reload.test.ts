import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { adminHandler } from "@mib/service/admin-server";
import { createService } from "@mib/service/run";
import { eventually } from "@mib/testkit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { followSources } from "../../router/src/reload/follow-sources.ts";
import { Sources } from "../../router/src/reload/sources.ts";
import { startRouter } from "../../router/src/router.ts";
import { federated } from "../federation/federated.ts";
import { http2Connection, http2Request } from "./http2-client.ts";
import { slowWord } from "./slow-word.ts";
import { tlsFiles } from "./tls-files.ts";

process.env["LOG_LEVEL"] ??= "silent";

/** A folder, and a way to replace its files as editors and mounted volumes do. */
function folderOfFiles() {
  const folder = mkdtempSync(join(tmpdir(), "router-reload-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, `${name}.new`), text);
    renameSync(join(folder, `${name}.new`), join(folder, name));
  };
  return { folder, write };
}

/** A router on a router.yaml, as main.ts runs it. */
async function routerOn(configFile: string) {
  const service = createService("router");
  onTestFinished(() => service.shutdown("the test is over"));
  const sources = new Sources(["--config", configFile], {});
  const start = await sources.read();
  if ("problems" in start) throw new Error(start.problems.join());
  const router = await startRouter(service, { ...start, signer: null, admin: adminHandler(service) });
  followSources(service, start, { sources, configFile, apply: (next) => router.replace(next) });
  const ask = async (query: string): Promise<any> => {
    const headers = { "content-type": "application/json" };
    return (await fetch(router.url, { method: "POST", headers, body: JSON.stringify({ query }) })).json();
  };
  const metric = async (line: string) => (await service.registry.metrics()).includes(line);
  return { url: router.url, ask, metric };
}

/** A router on files of its own, with a subgraph that answers when it is let. */
async function routerOnFiles(settings = "") {
  const { supergraphSdl, asked, go } = await slowWord();
  const { folder, write } = folderOfFiles();
  const yaml = (more: string) => `supergraph: { file: s.graphql }\nlisten: { port: 0 }\n${more}\n`;
  write("s.graphql", supergraphSdl);
  write("router.yaml", yaml(settings));
  return { ...(await routerOn(join(folder, "router.yaml"))), asked, go, supergraphSdl, write, yaml };
}

const eventuallyWithin10s = <T>(condition: () => Promise<T>) => eventually(condition, { deadlineMs: 10_000 });

test("a new router.yaml holds for what comes after it; a bad one is refused and the last good one goes on", async () => {
  const { ask, write, yaml, metric } = await routerOnFiles();
  expect((await ask("{ __typename __schema { __typename } }")).errors).toBeUndefined();
  write("router.yaml", yaml("introspection: false"));
  await eventuallyWithin10s(async () => {
    expect((await ask("{ __schema { __typename } }")).errors?.[0].extensions.code).toBe("INTROSPECTION_DISABLED");
  });
  write("router.yaml", yaml("introspection: perhaps"));
  await eventuallyWithin10s(() => metric('router_reload_refused{service="router"} 1'));
  expect((await ask("{ __schema { __typename } }")).errors[0].extensions.code).toBe("INTROSPECTION_DISABLED");
  expect(await ask("{ word }")).toEqual({ data: { word: "yes" } });
  write("router.yaml", yaml("introspection: true"));
  await eventuallyWithin10s(() => metric('router_reload_refused{service="router"} 0'));
  expect((await ask("{ __schema { __typename } }")).errors).toBeUndefined();
});

test("a new supergraph is taken up while a request of the old one is under way; a bad one is refused", async () => {
  const { ask, asked, go, write, supergraphSdl, metric } = await routerOnFiles();
  const slow = ask("{ slow }");
  await asked.promise;
  write("s.graphql", supergraphSdl.replace(/slow: String/, "late: String"));
  await eventuallyWithin10s(async () => {
    expect((await ask("{ late }")).data).toHaveProperty("late");
  });
  go.resolve();
  expect(await slow).toEqual({ data: { slow: "done" } });
  write("s.graphql", "type Query {");
  await eventuallyWithin10s(() => metric('router_reload_refused{service="router"} 1'));
  expect(await ask("{ word }")).toEqual({ data: { word: "yes" } });
});

test("settings of a subgraph change with the file, and one without a usable URL is refused as a whole", async () => {
  const { ask, write, yaml, metric, supergraphSdl } = await routerOnFiles();
  write("router.yaml", yaml("subgraphs: { one: { url: http://127.0.0.1:9/graphql } }"));
  await eventuallyWithin10s(async () => {
    expect((await ask("{ word }")).errors?.[0].extensions.code).toBe("SUBGRAPH_UNREACHABLE");
  });
  write("router.yaml", yaml(""));
  await eventuallyWithin10s(async () => expect(await ask("{ word }")).toEqual({ data: { word: "yes" } }));
  write("s.graphql", supergraphSdl.replace(/url: "http[^"]*"/, 'url: "nowhere"').replace("slow: String", "no: String"));
  await eventuallyWithin10s(() => metric('router_reload_refused{service="router"} 1'));
  expect(await ask("{ word }")).toEqual({ data: { word: "yes" } });
  expect((await ask("{ no }")).errors[0].extensions.code).toBe("GRAPHQL_VALIDATION_FAILED");
});

test("a supergraph behind a URL is followed, and what is none keeps the old one", async () => {
  const { supergraphSdl } = await federated({ one: { typeDefs: "type Query { word: String }", resolvers: {} } });
  let served = supergraphSdl;
  const web = createServer((_, response) => response.end(served));
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => web.close().closeAllConnections());
  const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;
  const { folder, write } = folderOfFiles();
  write("router.yaml", `supergraph: { url: "${url}", poll_ms: 100 }\nlisten: { port: 0 }\n`);
  const { ask, metric } = await routerOn(join(folder, "router.yaml"));
  expect(await ask("{ word }")).toEqual({ data: { word: null } });
  served = supergraphSdl.replace("word: String", "newer: String");
  await eventuallyWithin10s(async () => expect((await ask("{ newer }")).data).toEqual({ newer: null }));
  served = "type Query {";
  await eventuallyWithin10s(() => metric('router_reload_refused{service="router"} 1'));
  expect((await ask("{ newer }")).data).toEqual({ newer: null });
});

test("a new certificate is shown once its key is there too, to who connects from then on", async () => {
  const { tls, certificate, renew } = tlsFiles();
  const { url, metric } = await routerOnFiles(`tls: ${JSON.stringify(tls)}`);
  const { hostname, port } = new URL(url);
  const shown = async () => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    await once(socket, "secureConnect");
    const { fingerprint256 } = socket.getPeerX509Certificate()!;
    socket.destroy();
    return fingerprint256;
  };
  const fingerprintOf = (pem: string) => new X509Certificate(pem).fingerprint256;
  const before = await http2Connection(url, certificate);
  expect(await shown()).toBe(fingerprintOf(certificate));

  renew("certificate");
  await eventuallyWithin10s(() => metric('router_reload_refused{service="router"} 1'));
  expect(await shown()).toBe(fingerprintOf(certificate));

  const next = renew();
  await eventuallyWithin10s(async () => expect(await shown()).toBe(fingerprintOf(next)));
  expect(await metric('router_reload_refused{service="router"} 0')).toBe(true);
  const endsAt = new X509Certificate(next).validToDate.getTime() / 1_000;
  expect(await metric(`router_tls_certificate_not_after_seconds{service="router"} ${endsAt}`)).toBe(true);
  const answer = http2Request(before, { method: "GET", path: "/health" });
  await answer.closed;
  expect(answer.text()).toBe(`{"status":"alive"}`);
});
