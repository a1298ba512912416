import { ANONYMOUS, type CallerIdentity } from "@mib/identity/caller-identity";
import type { UpstreamSource } from "../operation/federation.ts";
import type { OperationRunner, RunnableOperation } from "../request/operation-runner.ts";
import type { GroupSpec, Subscriber } from "../streams/group.ts";
import type { UpstreamHub } from "./upstream-hub.ts";

/** Tells apart what must not be shared. */
let unshared = 0;

/**
 * Subscribes at a subgraph, as one of a group. Groups whose subgraph is asked the same share one subscription, and all
 * subscriptions at it one connection: of one identity where the subgraph learns who calls, of all where it does not.
 */
export function openUpstream(
  { upstreams, runner }: { upstreams: UpstreamHub; runner: OperationRunner },
  { prepared, variables, upstream }: RunnableOperation & { upstream: UpstreamSource },
  identity: CallerIdentity,
  group: GroupSpec,
  subscriber: Subscriber,
): () => void {
  const { subgraph, client } = upstream;
  const told = runner.isShared([subgraph]) ? ANONYMOUS : identity;
  const connectionKey = JSON.stringify([prepared.generation, told]);
  const body = upstream.requestText(variables);
  const spec = {
    subgraph,
    client,
    body,
    connectionKey,
    headers: async () => (await runner.headersFor(told, [subgraph]))(subgraph),
  };
  const key = JSON.stringify([subgraph, connectionKey, body, client.subscriptions.isShared ? null : (unshared += 1)]);
  return upstreams.open(key, spec, group, subscriber);
}
