import { SpanKind, SpanStatusCode, TraceFlags, type HrTime } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { expect, test } from "vitest";
import { RecordedSpan, type SpanSink } from "./recorded-span.ts";

const ended: ReadableSpan[] = [];
const sink = {
  resource: {} as SpanSink["resource"],
  instrumentationScope: { name: "test" },
  onEnd: (span: ReadableSpan) => void ended.push(span),
};
const millisecondsOf = ([seconds, nanoseconds]: HrTime) => seconds * 1_000 + nanoseconds / 1_000_000;

test("spans begin and end by the system's clock, a child within its parent", () => {
  const before = Date.now();
  const root = new RecordedSpan(sink, { name: "root", kind: SpanKind.SERVER, parent: null, attributes: {} });
  const child = root.child("child", SpanKind.INTERNAL);
  while (Date.now() < before + 3); // a moment that the clocks can tell
  child.end();
  root.end();
  root.end();
  expect(ended).toEqual([child, root]);
  const times = [root.startTime, child.startTime, child.endTime, root.endTime].map(millisecondsOf);
  expect(times).toEqual(times.toSorted((left, right) => left - right));
  expect(times[0]).toBeGreaterThan(before - 2);
  expect(times[3]).toBeLessThan(Date.now() + 2);
  expect(millisecondsOf(root.duration)).toBeCloseTo(times[3]! - times[0]!, 2);
  expect(root.endTime[1]).toBeLessThan(1_000_000_000);
});

test("a child is of its parent's trace, below it, and fails by itself", () => {
  const parent = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: 1,
    isRemote: true,
  };
  const root = new RecordedSpan(sink, { name: "root", kind: SpanKind.SERVER, parent, attributes: {} });
  const child = root.child("fetch", SpanKind.CLIENT, { a: 1 });
  child.fail();
  expect(root.parentSpanContext).toBe(parent);
  expect(child.parentSpanContext).toEqual(root.spanContext());
  expect(child.spanContext()).toMatchObject({ traceId: parent.traceId, traceFlags: TraceFlags.SAMPLED });
  expect(new Set([parent, root.spanContext(), child.spanContext()].map(({ spanId }) => spanId)).size).toBe(3);
  expect([root.status.code, child.status.code]).toEqual([SpanStatusCode.UNSET, SpanStatusCode.ERROR]);
});
