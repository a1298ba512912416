import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ANONYMOUS, IDENTITY_HEADER, type CallerIdentity } from "@mib/identity/caller-identity";
import { generateIdentityKeys } from "@mib/identity/identity-keys";
import { createIdentitySigner } from "@mib/identity/identity-signer";
import { createService, type Service } from "@mib/service/run";
import { startSubgraph, type SubgraphEnvironment, type SubgraphOptions } from "./start-subgraph.ts";

export interface TestAnswer {
  data?: any;
  errors?: { message: string; path?: (string | number)[]; extensions: { code: string } & Record<string, unknown> }[];
}

export interface TestSubgraph {
  url: string;
  service: Service;
  /** Asks as this caller, the way the router does. */
  ask(
    query: string,
    variables?: Record<string, unknown>,
    identity?: CallerIdentity,
    headers?: Record<string, string>,
  ): Promise<TestAnswer>;
  /** A signed identity for this subgraph, or for another. */
  sign(identity?: CallerIdentity, audience?: string): Promise<string>;
  stop(): Promise<void>;
}

/** A user as the router would describe one. */
export function user(subject: string, rest: Partial<CallerIdentity> = {}): CallerIdentity {
  return { subject, roles: ["user"], scopes: [], credential: "session", sessionId: "s1", ...rest };
}

/**
 * Runs a subgraph for a test: the real server on a free port, with keys of its own and a client that signs like the
 * router. `prepare` gets the service and makes what the subgraph needs, such as its database.
 */
export async function startTestSubgraph<Context extends object>(
  name: string,
  prepare: (service: Service) => Promise<SubgraphOptions<Context>> | SubgraphOptions<Context>,
  environment: Partial<SubgraphEnvironment> = {},
): Promise<TestSubgraph> {
  const folder = await mkdtemp(join(tmpdir(), `mib-${name}-`));
  const keys = generateIdentityKeys();
  const keyFile = join(folder, "identity.pub.pem");
  await writeFile(keyFile, keys.publicKeyPem);
  const signer = await createIdentitySigner(keys);
  const service = createService(name);
  const options = await prepare(service);
  const { port } = await startSubgraph(
    service,
    {
      HOST: "127.0.0.1",
      PORT: 0,
      IDENTITY_PUBLIC_KEY_FILE: keyFile,
      REQUEST_TIMEOUT_MS: 10_000,
      REQUEST_BYTES_MAX: 262_144,
      OPERATION_TOKENS_MAX: 4_000,
      OPERATION_DEPTH_MAX: 20,
      ...environment,
    },
    options,
  );
  const url = `http://127.0.0.1:${port}`;
  const sign = async (identity: CallerIdentity = ANONYMOUS, audience = name) => signer.sign(identity, audience);
  return {
    url,
    service,
    sign,
    async ask(query, variables = {}, identity = ANONYMOUS, headers = {}) {
      const response = await fetch(`${url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", [IDENTITY_HEADER]: await sign(identity), ...headers },
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as TestAnswer;
    },
    async stop() {
      await service.shutdown("end of the test");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
