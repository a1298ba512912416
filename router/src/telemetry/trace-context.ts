import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Under this name the trace's id of a sampled request is in the context of its plugins. */
export const TRACE_ID = "traceId";

/** Where a request comes from in its trace, as W3C Trace Context writes it. */
export interface TraceContext {
  traceparent: string;
  tracestate: string | null;
  traceId: string;
  spanId: string;
  sampled: boolean;
}

const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Null where there is none or it is not valid: then a trace begins here. */
export function readTraceContext(traceparent: unknown, tracestate?: unknown): TraceContext | null {
  if (typeof traceparent !== "string") return null;
  const [, version, traceId, spanId, flags, rest] = TRACEPARENT.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || (version === "00" && rest !== undefined)) return null;
  return {
    traceparent,
    tracestate: typeof tracestate === "string" ? tracestate : null,
    traceId,
    spanId,
    sampled: (Number.parseInt(flags!, 16) & 1) === 1,
  };
}

export function traceContextOf(headers: IncomingHttpHeaders | null): TraceContext | null {
  return headers === null ? null : readTraceContext(headers["traceparent"], headers["tracestate"]);
}

/** Says that nobody samples a trace, which would otherwise begin, and be decided about, at each subgraph. */
export function unsampledTraceparent(): string {
  return `00-${randomTraceId()}-${randomSpanId()}-00`;
}

export function randomTraceId(): string {
  return randomHex(32);
}

export function randomSpanId(): string {
  return randomHex(16);
}

/** Random digits, made many at a time: a request pays for a piece of text alone. */
const DIGITS_MADE = 32_768;
let digits = "";
let used = 0;

function randomHex(count: number): string {
  if (used + count > digits.length) {
    digits = randomBytes(DIGITS_MADE / 2).toString("hex");
    used = 0;
  }
  used += count;
  return digits.slice(used - count, used);
}
