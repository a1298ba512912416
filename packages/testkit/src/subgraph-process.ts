import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ANONYMOUS, IDENTITY_HEADER, type CallerIdentity } from "@mib/identity/caller-identity";
import { generateIdentityKeys } from "@mib/identity/identity-keys";
import { createIdentitySigner } from "@mib/identity/identity-signer";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";

export interface SubgraphAnswer {
  status: number;
  data?: any;
  errors?: { message: string; path?: (string | number)[]; extensions?: { code?: string } }[];
}

/** A subgraph as a process of its own, so that it can be killed. */
export interface SubgraphProcess {
  /** Starts the process and waits until it is ready. It keeps its port and keys. */
  start(): Promise<void>;
  /** Ends it with SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
  /** Ends it with SIGTERM and returns its exit code. */
  stop(): Promise<number | null>;
  /** Asks as this caller, the way the router does. */
  ask(query: string, variables?: Record<string, unknown>, identity?: CallerIdentity): Promise<SubgraphAnswer>;
  metrics(): Promise<string>;
}

/** `environment` is what the process reads beside its port and its identity key. */
export async function subgraphProcess(
  name: string,
  mainFile: URL,
  environment: Record<string, string>,
): Promise<SubgraphProcess> {
  const folder = mkdtempSync(join(tmpdir(), `mib-${name}-`));
  const keys = generateIdentityKeys();
  const keyFile = join(folder, "identity.pub.pem");
  writeFileSync(keyFile, keys.publicKeyPem);
  const signer = await createIdentitySigner(keys);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  let output = "";

  async function end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    const ending = child;
    child = null;
    if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return ending?.exitCode ?? null;
    const exited = once(ending, "exit") as Promise<[number | null]>;
    ending.kill(signal);
    return (await exited)[0];
  }

  return {
    async start() {
      const started = spawn(process.execPath, [mainFile.pathname], {
        env: {
          PATH: process.env.PATH,
          LOG_LEVEL: "warn",
          ...environment,
          PORT: String(port),
          IDENTITY_PUBLIC_KEY_FILE: keyFile,
        },
        stdio: ["ignore", "pipe", "pipe"],
      });
      child = started;
      for (const stream of [started.stdout, started.stderr])
        stream.on("data", (chunk: Buffer) => void (output = (output + chunk.toString()).slice(-8_000)));
      await eventually(
        async () => {
          if (started.exitCode !== null) throw new Ended(`${name} ended with ${started.exitCode}:\n${output}`);
          const response = await fetch(`${url}/ready`);
          if (response.status !== 200) throw new Error(`${name} is not ready: ${await response.text()}`);
        },
        { deadlineMs: 60_000, giveUpOn: Ended },
      );
    },
    kill: async () => void (await end("SIGKILL")),
    async stop() {
      const code = await end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
      return code;
    },
    async ask(query, variables = {}, identity = ANONYMOUS) {
      const response = await fetch(`${url}/graphql`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/graphql-response+json",
          [IDENTITY_HEADER]: await signer.sign(identity, name),
        },
        body: JSON.stringify({ query, variables }),
      });
      return { status: response.status, ...((await response.json()) as Omit<SubgraphAnswer, "status">) };
    },
    metrics: async () => (await fetch(`${url}/metrics`)).text(),
  };
}

class Ended extends Error {}
