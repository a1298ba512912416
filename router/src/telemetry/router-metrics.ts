import { ERROR_CATALOGUE, type ErrorCode } from "@mib/service/error-catalogue";
import { Counter, Gauge, type Registry } from "@mib/service/metrics";
import type { PreparedOperation } from "../operation/federation.ts";
import type { ExecutedAnswer } from "../request/shared-executions.ts";
import type { GroupEvent } from "../streams/group.ts";
import type { HistoryObserver } from "../streams/history/kafka-history.ts";
import type { HubObserver } from "../streams/hub.ts";
import type { UpstreamObserver } from "../upstream/upstream-subscription.ts";
import type { Gap } from "../streams/stream-source.ts";
import type { EndReason } from "../subscription/end-reason.ts";
import { CLOSE } from "../websocket/close-codes.ts";
import { BoundedLabels } from "./bounded-labels.ts";
import { BucketHistogram, type Buckets } from "./bucket-histogram.ts";
import { EventAges } from "./event-ages.ts";
import { Tally } from "./tally.ts";

/** Operation names that are told apart; clients may invent more. */
const OPERATION_NAMES_MAX = 200;
/** Error codes beside those of the catalogue that are told apart; subgraphs may invent more. */
const FOREIGN_CODES_MAX = 50;

/** Ends of subscriptions that no error tells. */
const END_REASONS = ["client", "source", "disconnected", "silent", ...Object.values(CLOSE).map(String)];

export type Transport = "http" | "ws" | "sse" | "multipart";

/** Everything that the router counts. */
export class RouterMetrics implements HubObserver, UpstreamObserver, HistoryObserver {
  readonly #registry: Registry;
  readonly #names = new BoundedLabels(OPERATION_NAMES_MAX);
  readonly #codes = new BoundedLabels(FOREIGN_CODES_MAX, [...Object.keys(ERROR_CATALOGUE), ...END_REASONS]);
  readonly #operations: Tally;
  readonly #errors: Tally;
  readonly #seconds: BucketHistogram;
  readonly #secondsOf = new Map<string, Buckets>();
  readonly #refused: Counter;
  readonly #shared: Counter;
  readonly #closes: Counter;
  readonly #deliveries: Counter;
  readonly #executions: Counter;
  readonly #conflated: Counter;
  readonly #gaps: Counter;
  readonly #holes: Counter;
  readonly #duplicates: Counter;
  readonly #epochs: Counter;
  readonly #resumes: Counter;
  readonly #fallenBehind: Counter;
  readonly #replayed: Counter;
  readonly #sharedFetches: Counter;
  readonly #historyReads: Counter;
  readonly #historyEvents: Counter;
  readonly #ages: EventAges;
  readonly #upstreams: Gauge;
  readonly #reconnects: Counter;
  readonly #subscriptionsOpen: Gauge;
  readonly #subscriptionsEnded: Counter;
  readonly connectionsOpen: Gauge;

  /** `eventTimeFields`: by topic, the field of an event that says when it happened. */
  constructor(
    registry: Registry,
    streams: { groups: () => number; channels: () => number; resumesWaiting: () => number },
    eventTimeFields: Readonly<Record<string, string>> = {},
  ) {
    this.#registry = registry;
    const registers = [registry];
    const counter = (name: string, help: string, labelNames: string[] = []) =>
      new Counter({ name, help, labelNames, registers });
    this.#operations = new Tally(
      "router_operations_total",
      "Operations executed, by operation and outcome (ok, partial, failed).",
      ["transport", "kind", "operation", "outcome"],
      registry,
    );
    this.#refused = counter("router_refused_total", "Requests refused before execution, by error code.", [
      "transport",
      "code",
    ]);
    this.#shared = counter("router_shared_answers_total", "Queries that got the answer of an identical one under way.");
    this.#errors = new Tally(
      "router_operation_errors_total",
      "Errors in answers, by operation and code.",
      ["operation", "code"],
      registry,
    );
    this.#seconds = new BucketHistogram({
      name: "router_operation_seconds",
      help: "Time from request to answer, by operation.",
      bounds: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
      registry,
    });
    this.#subscriptionsOpen = new Gauge({
      name: "router_subscriptions_open",
      help: "Subscriptions that hear their channels, by operation and transport.",
      labelNames: ["operation", "transport"],
      registers,
    });
    this.#upstreams = new Gauge({
      name: "router_upstream_subscriptions_open",
      help: "Subscriptions at a subgraph, those that are being connected again included.",
      labelNames: ["subgraph"],
      registers,
    });
    this.#reconnects = counter(
      "router_upstream_reconnects_total",
      "Attempts to take up a subscription at a subgraph that was lost.",
      ["subgraph"],
    );
    this.#subscriptionsEnded = counter(
      "router_subscriptions_ended_total",
      "Subscriptions that had begun and ended, by reason: client, source, disconnected, silent, close code or error code.",
      ["transport", "reason"],
    );
    this.connectionsOpen = new Gauge({ name: "router_connections_open", help: "WebSocket connections.", registers });
    this.#closes = counter(
      "router_connection_closes_total",
      "Connections of subscriptions that the router closed, by close code or error code.",
      ["code", "transport"],
    );
    this.#deliveries = counter("router_stream_deliveries_total", "Events handed to subscribers, past ones included.");
    this.#executions = counter("router_stream_executions_total", "Events executed, once per group.");
    this.#conflated = counter(
      "router_stream_conflated_total",
      "Events that LATEST skipped for newer ones, for a whole group or for one slow client.",
    );
    this.#gaps = counter("router_stream_gaps_total", "Gaps told to groups, by reason.", ["reason"]);
    this.#holes = counter("router_stream_holes_total", "Holes between messages that sent the hub to the window.");
    this.#duplicates = counter("router_stream_duplicates_total", "Messages dropped because they were known.");
    this.#epochs = counter("router_stream_epoch_changes_total", "Channels whose history began anew.");
    this.#fallenBehind = counter(
      "router_stream_fallen_behind_total",
      "Times that a slow subscriber of every event was given the rest later.",
    );
    this.#resumes = counter("router_stream_resumes_total", "Subscriptions that wanted to go on, by verdict.", [
      "verdict",
    ]);
    this.#replayed = counter("router_stream_replayed_total", "Past events handed to subscribers that caught up.");
    this.#sharedFetches = counter(
      "router_stream_shared_fetches_total",
      "Fetches of entities for events that went along with those of another group.",
    );
    this.#historyReads = counter(
      "router_stream_history_reads_total",
      "Requests to Kafka for what a window no longer has, by outcome (answered, unanswered).",
      ["outcome"],
    );
    this.#historyEvents = counter("router_stream_history_events_total", "Events that Kafka was asked for, and had.");
    this.#ages = new EventAges(registry, eventTimeFields);
    gaugeOf("router_stream_groups", "Groups of subscribers with equal answers.", streams.groups, registry);
    gaugeOf("router_stream_channels", "Channels that somebody listens to.", streams.channels, registry);
    gaugeOf(
      "router_stream_resumes_waiting",
      "Subscriptions that wait for their turn to catch up.",
      streams.resumesWaiting,
      registry,
    );
  }

  /** The label of an operation: its name while names are few, else "other". */
  operationLabel(name: string | null): string {
    return name === null ? "anonymous" : this.#names.labelOf(name);
  }

  sharedAnswer(): void {
    this.#shared.inc();
  }

  operation(
    transport: Transport,
    prepared: PreparedOperation,
    { body, errors }: ExecutedAnswer,
    milliseconds: number,
  ): void {
    const outcome = errors.length === 0 ? "ok" : body.endsWith(`"data":null}`) ? "failed" : "partial";
    this.#countOperation(transport, prepared, outcome, milliseconds);
  }

  /** An operation that was answered in parts; its time is that of the last one. */
  operationInParts(transport: Transport, prepared: PreparedOperation, hasErrors: boolean, milliseconds: number): void {
    this.#countOperation(transport, prepared, hasErrors ? "partial" : "ok", milliseconds);
  }

  #countOperation(
    transport: Transport,
    { kind, operationName }: PreparedOperation,
    outcome: "ok" | "partial" | "failed",
    milliseconds: number,
  ): void {
    const operation = this.operationLabel(operationName);
    this.#operations.count(`${transport} ${kind} ${outcome} ${operation}`, () => ({
      transport,
      kind,
      operation,
      outcome,
    }));
    const key = `${transport} ${kind} ${operation}`;
    let seconds = this.#secondsOf.get(key);
    if (!seconds) this.#secondsOf.set(key, (seconds = this.#seconds.with({ transport, kind, operation })));
    seconds.observe(milliseconds / 1_000);
  }

  /** Errors that an answer carries. */
  errors(operationName: string | null, errors: readonly { extensions: Readonly<Record<string, unknown>> }[]): void {
    const operation = this.operationLabel(operationName);
    for (const { extensions } of errors) {
      const code = this.#codes.labelOf(String(extensions["code"]));
      this.#errors.count(`${code} ${operation}`, () => ({ operation, code }));
    }
  }

  refused(transport: Transport, code: string): void {
    this.#refused.inc({ transport, code });
  }

  closed(transport: Exclude<Transport, "http">, code: number | ErrorCode): void {
    this.#closes.inc({ code: String(code), transport });
  }

  subscriptionStarted(operation: string, transport: Transport): void {
    this.#subscriptionsOpen.inc({ operation, transport });
  }

  subscriptionEnded(operation: string, transport: Transport, reason: EndReason): void {
    this.#subscriptionsOpen.dec({ operation, transport });
    this.#subscriptionsEnded.inc({ transport, reason: this.#codes.labelOf(reason) });
  }

  /** Shows what waits for clients whenever somebody asks. */
  watchBacklog(backlogBytes: { ws(): number; http(): number }): void {
    const gauge: Gauge = new Gauge({
      name: "router_subscriptions_backlog_bytes",
      help: "Bytes that were handed to clients' connections and have not left the process.",
      labelNames: ["transport"],
      registers: [],
      collect() {
        gauge.set({ transport: "ws" }, backlogBytes.ws());
        gauge.set({ transport: "http" }, backlogBytes.http());
      },
    });
    this.#registry.registerMetric(gauge);
  }

  executed(): void {
    this.#executions.inc();
  }

  delivered(event: GroupEvent, subscribers: number, isNews: boolean): void {
    if (subscribers === 0) return;
    this.#deliveries.inc(subscribers);
    if (isNews) this.#ages.delivered(event, subscribers);
  }

  /** An event that was held back for a slow client left after all. How old it was is that client's matter. */
  deliveredLate(): void {
    this.#deliveries.inc();
  }

  replayed(): void {
    this.#deliveries.inc();
    this.#replayed.inc();
  }

  sharedFetch(): void {
    this.#sharedFetches.inc();
  }

  historyRead(events: number | null): void {
    this.#historyReads.inc({ outcome: events === null ? "unanswered" : "answered" });
    if (events !== null) this.#historyEvents.inc(events);
  }

  conflated(count: number): void {
    this.#conflated.inc(count);
  }

  gap({ reason }: Gap): void {
    this.#gaps.inc({ reason });
  }

  upstreamOpened(subgraph: string): void {
    this.#upstreams.inc({ subgraph });
  }

  upstreamClosed(subgraph: string): void {
    this.#upstreams.dec({ subgraph });
  }

  upstreamLost(subgraph: string): void {
    this.#reconnects.inc({ subgraph });
  }

  duplicate(): void {
    this.#duplicates.inc();
  }

  hole(): void {
    this.#holes.inc();
  }

  resumed(verdict: Parameters<HubObserver["resumed"]>[0]): void {
    this.#resumes.inc({ verdict });
  }

  fellBehind(): void {
    this.#fallenBehind.inc();
  }

  epochChanged(): void {
    this.#epochs.inc();
  }
}

/** A gauge that is read when it is asked for. */
function gaugeOf(name: string, help: string, read: () => number, registry: Registry): Gauge {
  return new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
