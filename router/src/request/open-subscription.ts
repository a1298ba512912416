import { ANONYMOUS, type CallerIdentity } from "@mib/identity/caller-identity";
import { CodedError } from "@mib/service/coded-error";
import type { Logger } from "@mib/service/log";
import { networkOf } from "@mib/service/network-of";
import type { Revocations } from "../authentication/revocations.ts";
import { formatError } from "../http/error-body.ts";
import type { GroupSpec, Subscriber } from "../streams/group.ts";
import { openStream, type Spend, type StreamCaller, type StreamOptions } from "../streams/open-stream.ts";
import type { UpstreamHub } from "../upstream/upstream-hub.ts";
import { openUpstream } from "../upstream/open-upstream.ts";
import { whileOpen, type Spender, type StreamBudgets } from "./stream-budgets.ts";
import type { OperationRunner, RunnableOperation } from "./operation-runner.ts";

export interface SubscriptionOptions extends StreamOptions {
  upstreams: UpstreamHub;
  revocations: Pick<Revocations, "areCurrent">;
  runner: OperationRunner;
  /** Null where subscriptions may cost what they will. */
  budgets: StreamBudgets | null;
  log: Logger;
}

export interface SubscriptionCaller extends Omit<StreamCaller, "subject"> {
  address: string;
}

/**
 * Subscribes to a stream or at a subgraph. Callers share a group where their answers are the same: always for one
 * identity, and for all when no subgraph of the plan is told who calls. Throws coded errors; returns how to leave.
 */
export function openSubscription(
  options: SubscriptionOptions,
  operation: RunnableOperation,
  { identity, request, address }: SubscriptionCaller,
  subscriber: Subscriber & Spender,
): () => void {
  const { runner, revocations, budgets, log } = options;
  if (identity.credential !== "none" && !revocations.areCurrent)
    throw new CodedError("SERVICE_UNAVAILABLE", "Whether the credential was revoked cannot be known now: try again.");
  const { prepared, variables } = operation;
  const { streamed, upstream } = prepared;
  const shared = runner.isShared(prepared.subgraphs);
  const subject = shared ? null : JSON.stringify(identity);
  const groupIdentity = shared ? ANONYMOUS : identity;
  const group: GroupSpec = {
    key: JSON.stringify([prepared.generation, prepared.overrides, prepared.normalized, variables, subject]),
    delivery: "EVERY",
    snapshot: "NONE",
    cursor: null,
    selfContained: prepared.subgraphs.size === 0,
    execute: (payload, { channel = null, entry: { traceparent = null } }) =>
      runner.executeEvent(operation, groupIdentity, payload, { channel, traceparent }).catch((thrown: unknown) => {
        if (thrown instanceof CodedError) return failedEvent(thrown);
        log.error({ err: thrown, operation: prepared.operationName }, "an event could not be executed");
        return failedEvent(new CodedError("INTERNAL_ERROR"));
      }),
  };
  const spend: Spend | null =
    budgets && ((rate) => budgets.open(accountOf(identity, address), prepared.cost, rate, subscriber));
  if (streamed)
    return openStream(options, { ...operation, streamed }, { identity, subject, request }, group, subscriber, spend);
  if (request?.after != null)
    throw new CodedError("STREAM_UNAVAILABLE", "What a subgraph sends cannot be gone on with: subscribe anew.");
  if (upstream)
    return whileOpen(spend?.(0), () => openUpstream(options, { ...operation, upstream }, identity, group, subscriber));
  throw new Error("only a subscription can be subscribed to");
}

/** Who pays: the caller where one is known, else the address, of IPv6 its network. */
function accountOf({ subject }: CallerIdentity, address: string): string {
  return subject === null ? `address:${networkOf(address)}` : `subject:${subject}`;
}

function failedEvent(error: CodedError): string {
  return JSON.stringify({ errors: [formatError(error)], data: null });
}
