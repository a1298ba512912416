import type { CallerIdentity } from "@mib/identity/caller-identity";
import { CodedError } from "@mib/service/coded-error";
import type { StreamedField } from "../operation/federation.ts";
import type { StreamKind } from "../supergraph/streamed-directive.ts";
import { whileOpen } from "../request/stream-budgets.ts";
import type { RunnableOperation } from "../request/operation-runner.ts";
import type { GroupSpec, Subscriber } from "./group.ts";
import type { HubObserver, StreamHub } from "./hub.ts";
import type { CursorKeys } from "./resume/cursor-keys.ts";
import { BY_EPOCH, BY_NUMBER, CursorScope } from "./resume/cursor-scope.ts";
import { notRecovered } from "./resume/not-recovered.ts";
import type { ResumePoint } from "./resume/replay.ts";
import type { StreamRequest } from "./resume/stream-request.ts";
import type { Position } from "./stream-source.ts";
import { addressStream } from "./stream-address.ts";

export interface StreamOptions {
  /** By where events come from; null where no store for streams is configured. */
  hubs: Readonly<Record<StreamKind, StreamHub | null>> | null;
  channelsMax: number;
  /** What makes cursors, and for how long they are good; null where no keys are configured. */
  cursors: { keys: CursorKeys; lifetimeMs: number } | null;
  metrics: Pick<HubObserver, "resumed">;
}

/** What a subscription costs the router, and who accounts for it; throws coded errors, returns how to end it. */
export type Spend = (eventsPerSecond: number) => () => void;

/** Who subscribes to a stream. */
export interface StreamCaller {
  identity: CallerIdentity;
  /** Equal for callers who share a group; null where all do. */
  subject: string | null;
  /** What the client says about going on with a stream. */
  request: StreamRequest | null;
}

/** Subscribes to a stream, as one of a group. Throws coded errors; returns how to leave. */
export function openStream(
  { hubs, channelsMax, cursors, metrics }: StreamOptions,
  { prepared, variables, streamed }: RunnableOperation & { streamed: StreamedField },
  { identity, subject, request }: StreamCaller,
  group: GroupSpec,
  subscriber: Subscriber,
  spend: Spend | null,
): () => void {
  if (hubs === null) throw new CodedError("STREAM_UNAVAILABLE", "This router has no store for streams.");
  const { channels, filters } = addressStream(streamed, { args: streamed.arguments(variables), identity, channelsMax });
  const { fieldName, topic, delivery, snapshot, source } = streamed;
  const hub = hubs[source];
  if (hub === null) throw new CodedError("STREAM_UNAVAILABLE", "This router's store can't feed the stream.");
  const scope =
    cursors &&
    new CursorScope({
      ...cursors,
      operation: [fieldName, topic, channels, prepared.normalized, variables, ...(source === "REDIS" ? [source] : [])],
      subject,
      naming: source === "REDIS" ? BY_NUMBER : BY_EPOCH,
    });
  if (request?.after != null) goOn(subscriber, request.after, { scope, streamed, metrics });
  const spec = {
    ...group,
    key: JSON.stringify([group.key, channels]),
    topic,
    channels,
    filters,
    delivery,
    snapshot,
    cursor: scope && ((position: Position) => scope.cursorFor(position, Date.now())),
  };
  // A filter lets through what nobody knows before: only what comes is measured then.
  const settle = spend?.(filters.length > 0 ? 0 : hub.eventsPerSecond(topic, channels));
  return whileOpen(settle, () => hub.open(spec, subscriber));
}

/** Has the subscriber begin where the client was. LATEST begins with what is current: that is all there is to recover. */
function goOn(
  subscriber: Subscriber,
  after: string,
  {
    scope,
    streamed,
    metrics,
  }: { scope: CursorScope | null; streamed: StreamedField; metrics: StreamOptions["metrics"] },
): void {
  if (scope === null)
    throw new CodedError("STREAM_UNAVAILABLE", "This router has no keys for cursors: subscribe anew.");
  const point = after === "start" ? after : scope.read(after, Date.now());
  const reason = typeof point === "string" && point !== "start" ? point : null;
  // Of an EVERY stream that may be recovered, the hub will know.
  if (reason !== null || streamed.delivery === "LATEST") metrics.resumed(reason ?? "recovered");
  if (streamed.delivery === "LATEST") {
    subscriber.fromLast = true;
    subscriber.note = reason === null ? { recovered: true } : { recovered: false, reason };
  } else if (reason !== null) throw notRecovered(reason);
  else subscriber.resume = point as ResumePoint;
}
