import {
  SpanStatusCode,
  TraceFlags,
  type Attributes,
  type HrTime,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
} from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { randomSpanId, randomTraceId } from "./trace-context.ts";

/** Where spans go when they have ended, and what all of them are told to be of. */
export interface SpanSink extends Pick<ReadableSpan, "resource" | "instrumentationScope"> {
  onEnd(span: ReadableSpan): void;
}

/** What a span is called and part of. */
interface SpanStart {
  name: string;
  kind: SpanKind;
  /** Null where the trace begins. */
  parent: SpanContext | null;
  attributes: Attributes;
}

const NONE: [] = [];
const UNSET: SpanStatus = { code: SpanStatusCode.UNSET };
const ERROR: SpanStatus = { code: SpanStatusCode.ERROR };

/**
 * A sampled span as OpenTelemetry's exporters read it. The SDK's own also has links, events, limits and samplers, none of which
 * there is here; and where one request of a hundred is sampled, what makes its spans never becomes fast code.
 */
export class RecordedSpan implements ReadableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly attributes: Attributes;
  status = UNSET;
  ended = false;
  readonly links = NONE;
  readonly events = NONE;
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;
  readonly #sink: SpanSink;
  readonly #context: SpanContext;
  /** By the system's clock, in milliseconds. A trace follows it from its beginning by the clock that never jumps. */
  readonly #startMs: number;
  #endMs = 0;
  readonly #clockMs: number;

  constructor(sink: SpanSink, { name, kind, parent, attributes }: SpanStart, clockMs = Date.now() - performance.now()) {
    this.#sink = sink;
    this.name = name;
    this.kind = kind;
    if (parent !== null) this.parentSpanContext = parent;
    this.attributes = attributes;
    this.#context = {
      traceId: parent?.traceId ?? randomTraceId(),
      spanId: randomSpanId(),
      traceFlags: TraceFlags.SAMPLED,
      ...(parent?.traceState && { traceState: parent.traceState }),
    };
    this.#clockMs = clockMs;
    this.#startMs = performance.now() + clockMs;
  }

  /** Begins a span below this one. */
  child(name: string, kind: SpanKind, attributes: Attributes = {}): RecordedSpan {
    return new RecordedSpan(this.#sink, { name, kind, parent: this.#context, attributes }, this.#clockMs);
  }

  /** Marks it as failed. */
  fail(): void {
    this.status = ERROR;
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.#endMs = performance.now() + this.#clockMs;
    this.#sink.onEnd(this);
  }

  readonly spanContext = (): SpanContext => this.#context;

  get resource(): SpanSink["resource"] {
    return this.#sink.resource;
  }

  get instrumentationScope(): SpanSink["instrumentationScope"] {
    return this.#sink.instrumentationScope;
  }

  get startTime(): HrTime {
    return hrTime(this.#startMs);
  }

  get endTime(): HrTime {
    return hrTime(this.#endMs);
  }

  get duration(): HrTime {
    return hrTime(this.#endMs - this.#startMs);
  }
}

/** Seconds and nanoseconds. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.floor((ms - seconds * 1_000) * 1_000_000)];
}
