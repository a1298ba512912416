import { expect, test } from "vitest";
import { readTraceContext, unsampledTraceparent } from "./trace-context.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

test.each([
  ["sampled", `00-${TRACE}-${SPAN}-01`, true],
  ["not sampled", `00-${TRACE}-${SPAN}-00`, false],
  ["other flags", `00-${TRACE}-${SPAN}-fe`, false],
  ["a later version", `cc-${TRACE}-${SPAN}-01-more`, true],
])("a valid traceparent is read: %s", (_, traceparent, sampled) => {
  expect(readTraceContext(traceparent, "a=1")).toEqual({
    traceparent,
    tracestate: "a=1",
    traceId: TRACE,
    spanId: SPAN,
    sampled,
  });
});

test.each([
  ["nothing", undefined],
  ["several", [`00-${TRACE}-${SPAN}-01`]],
  ["version ff", `ff-${TRACE}-${SPAN}-01`],
  ["a trace of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
  ["a span of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
  ["upper case", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ["more than version 00 has", `00-${TRACE}-${SPAN}-01-more`],
  ["too short", `00-${TRACE}-${SPAN}`],
])("what is no traceparent begins a trace: %s", (_, traceparent) => {
  expect(readTraceContext(traceparent)).toBeNull();
});

test("a trace that nobody samples is valid, and not the one before", () => {
  const traceparent = unsampledTraceparent();
  expect(readTraceContext(traceparent)?.sampled).toBe(false);
  expect(unsampledTraceparent()).not.toBe(traceparent);
});
