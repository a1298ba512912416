import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A span as the collector keeps it. */
export interface CollectedSpan {
  name: string;
  traceId: string;
  spanId: string;
  /** Null for the root of a trace that began here. */
  parentSpanId: string | null;
  /** As OTLP numbers them: 1 internal, 2 server, 3 client, 5 consumer. */
  kind: number;
  attributes: Record<string, unknown>;
  failed: boolean;
  service: unknown;
}

const STATUS_ERROR = 2;

/** An OTLP collector over HTTP that keeps what it is sent. */
export async function otlpCollector(): Promise<{ url: string; spans: CollectedSpan[] }> {
  const spans: CollectedSpan[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (request.url !== "/v1/traces") return response.writeHead(404).end();
      for (const { resource, scopeSpans } of JSON.parse(Buffer.concat(chunks).toString()).resourceSpans) {
        const service = attributesOf(resource)["service.name"];
        for (const { spans: sent } of scopeSpans) spans.push(...sent.map((span: any) => readSpan(span, service)));
      }
      return response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans };
}

function readSpan(span: any, service: unknown): CollectedSpan {
  const { name, traceId, spanId, kind, status } = span;
  const parentSpanId = span.parentSpanId || null;
  return {
    name,
    traceId,
    spanId,
    parentSpanId,
    kind,
    attributes: attributesOf(span),
    failed: status.code === STATUS_ERROR,
    service,
  };
}

function attributesOf({ attributes }: { attributes: { key: string; value: Record<string, unknown> }[] }) {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
