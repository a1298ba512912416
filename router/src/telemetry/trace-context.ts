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
  return `00-${randomHex(32)}-${randomHex(16)}-00`;
}

/** Of each byte: V8 writes a number above 31 bits in hexadecimal as it writes fractions, several times as slowly. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function randomHex(digits: number): string {
  let text = "";
  for (let i = 0; i < digits; i += 8) {
    // Never all zeros, which would be no valid id.
    const word = Math.floor(1 + Math.random() * 0xffff_fffe);
    text += HEX[word >>> 24]! + HEX[(word >>> 16) & 255]! + HEX[(word >>> 8) & 255]! + HEX[word & 255]!;
  }
  return text;
}
