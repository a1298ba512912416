import { randomUUID } from "node:crypto";
import { Store, useRateLimiter, type Identity } from "@envelop/rate-limiter";
import { CodedError } from "@mib/service/coded-error";
import { networkOf } from "@mib/service/network-of";
import type { GraphQLSchema } from "graphql";
import type { Call, ServerContext } from "./call.ts";

/** At most `max` calls of a root field in any window of this length, per user, else per client address. */
export interface RateLimit {
  type: "Query" | "Mutation";
  field: string;
  max: number;
  windowSeconds: number;
}

const MUTATION_LIMIT = { max: 60, windowSeconds: 60 };

/**
 * Limits how often one caller calls a root field: mutations by default, queries where a limit names them. Reads are
 * limited as a whole at the router, which knows the client; a subgraph with `identity: none` can't tell clients apart.
 */
export function useRateLimits(schema: GraphQLSchema, limits: readonly RateLimit[]): object {
  const named = new Set(limits.map(({ type, field }) => `${type}.${field}`));
  const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {})
    .filter((field) => !named.has(`Mutation.${field}`))
    .map((field) => ({ type: "Mutation" as const, field, ...MUTATION_LIMIT }));
  return useRateLimiter({
    identifyFn: (context) => callerOf((context as ServerContext).call),
    store: new RecentCalls(),
    configByField: [...limits, ...mutations].map(({ type, field, max, windowSeconds }) => ({
      type,
      field,
      max,
      window: `${windowSeconds}s`,
      uncountRejected: true,
    })),
    formatError: ({ fieldName, max, window }) => `${fieldName} can be called ${max} times in ${window / 1000} seconds.`,
    transformError: (message) => new CodedError("RATE_LIMITED", message),
  });
}

/** Callers that nobody can tell apart are not limited together: one of them would shut out all the others. */
function callerOf({ identity, details }: Call): string {
  if (identity.subject !== null) return `user ${identity.subject}`;
  return details.clientAddress === null ? `unknown ${randomUUID()}` : `address ${networkOf(details.clientAddress)}`;
}

const CALLERS_MAX = 50_000;

/** The times of recent calls, of a bounded number of callers: those that called least recently are forgotten first. */
class RecentCalls extends Store {
  readonly #times = new Map<string, readonly number[]>();

  override setForIdentity(identity: Identity, timestamps: readonly number[]): void {
    const key = keyOf(identity);
    this.#times.delete(key);
    this.#times.set(key, timestamps);
    if (this.#times.size > CALLERS_MAX) this.#times.delete(this.#times.keys().next().value as string);
  }

  override getForIdentity(identity: Identity): readonly number[] {
    return this.#times.get(keyOf(identity)) ?? [];
  }
}

function keyOf({ contextIdentity, fieldIdentity }: Identity): string {
  return `${fieldIdentity} ${contextIdentity}`;
}
