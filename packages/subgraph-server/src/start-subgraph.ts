import { readFile } from "node:fs/promises";
import type { CallerIdentity } from "@mib/identity/caller-identity";
import { createIdentityVerifier } from "@mib/identity/identity-verifier";
import type { Service } from "@mib/service/run";
import { createYoga } from "graphql-yoga";
import type { RequestDetails, ServerContext } from "./call.ts";
import { createErrorMask } from "./error-mask.ts";
import { createRequestHandler, type Route } from "./request-handler.ts";
import { startHttpServer } from "./http-server.ts";
import { useExecutionDeadline } from "./execution-deadline.ts";
import { useOperationLimits } from "./operation-limits.ts";
import { useOperationMetrics } from "./operation-metrics.ts";
import { useRateLimits, type RateLimit } from "./rate-limits.ts";
import { readSubgraphSchema, type SubgraphResolvers } from "./subgraph-schema.ts";
import { startTracing, useTracing } from "./tracing.ts";

/** What the environment says; `readConfig({ ...subgraphConfig(4001) })` has all of it. */
export interface SubgraphEnvironment {
  HOST: string;
  PORT: number;
  IDENTITY_PUBLIC_KEY_FILE: string;
  OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
  REQUEST_TIMEOUT_MS: number;
  REQUEST_BYTES_MAX: number;
  OPERATION_TOKENS_MAX: number;
  OPERATION_DEPTH_MAX: number;
}

export interface SubgraphOptions<Context extends object> {
  /** The subgraph's `schema.graphql`. */
  schemaFile: URL;
  /** Resolvers by type; the scalars Decimal and DateTime are there already. */
  resolvers: SubgraphResolvers;
  /** Makes what resolvers get as their third argument, once per request: the place for data loaders. */
  context: (identity: CallerIdentity, request: RequestDetails) => Context;
  /** How often one caller may call a root field. Mutations have a limit without being named. */
  rateLimits?: readonly RateLimit[];
  /** Paths beside `/graphql`. Those marked public need no identity. */
  routes?: readonly Route[];
}

/**
 * Serves a subgraph until the service shuts down. Every path but `/health`, `/ready`, `/metrics` and public routes
 * refuses callers without the router's signed identity, before a byte of the body is read. On shutdown it takes nothing
 * new and finishes what it has.
 */
export async function startSubgraph<Context extends object>(
  service: Service,
  environment: SubgraphEnvironment,
  options: SubgraphOptions<Context>,
): Promise<{ port: number }> {
  const schema = await readSubgraphSchema(options.schemaFile, options.resolvers);
  const verifier = await createIdentityVerifier({
    publicKeyPem: await readFile(environment.IDENTITY_PUBLIC_KEY_FILE, "utf8"),
    audience: service.name,
  });
  const tracer = startTracing(service, environment.OTEL_EXPORTER_OTLP_ENDPOINT);
  const plugins: object[] = [
    useOperationLimits({ tokensMax: environment.OPERATION_TOKENS_MAX, depthMax: environment.OPERATION_DEPTH_MAX }),
    useOperationMetrics(service.registry),
    ...(tracer ? useTracing(service.name, tracer) : []),
    useRateLimits(schema, options.rateLimits ?? []),
    useExecutionDeadline(environment.REQUEST_TIMEOUT_MS),
  ];
  const yoga = createYoga<ServerContext>({
    schema,
    context: ({ call }: ServerContext) => options.context(call.identity, call.details),
    plugins,
    maskedErrors: { maskError: createErrorMask(service.log) },
    graphqlEndpoint: "/graphql",
    // The request handler has these, before yoga sees the request.
    healthCheckEndpoint: "/-",
    maxRequestBodySize: false,
    graphiql: false,
    landingPage: false,
    cors: false,
    batching: false,
    multipart: false,
    logging: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const handler = createRequestHandler(service, {
    verifier,
    routes: options.routes ?? [],
    bodyBytesMax: environment.REQUEST_BYTES_MAX,
    graphql: async (request, response, call) => {
      await yoga.handle(request, response, { call });
    },
  });
  return startHttpServer(service, handler, {
    host: environment.HOST,
    port: environment.PORT,
    requestTimeoutMs: environment.REQUEST_TIMEOUT_MS,
  });
}
