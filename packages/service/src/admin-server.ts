import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { HealthReport } from "./health.ts";
import type { Service } from "./run.ts";

/** What the admin paths tell: of a service, or of several processes as one. */
export interface Administered {
  log: Service["log"];
  health: { report(): Promise<HealthReport> };
  registry: { readonly contentType: string; metrics(): Promise<string> };
}

/** What is asked of a request and done with its response: Node's of HTTP/1.1, or any that have as much. */
interface AdminRequest {
  readonly url?: string | undefined;
}

interface AdminResponse {
  writeHead(status: number, headers?: Record<string, string>): unknown;
  end(body?: string): unknown;
}

/**
 * Answers `/health` (the process runs), `/ready` (it can serve; 503 with the failed checks when it can't) and `/metrics`
 * (Prometheus text). Returns false for every other path and leaves the response untouched.
 */
export function adminHandler(service: Administered): (request: AdminRequest, response: AdminResponse) => boolean {
  return (request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0];
    if (path !== "/health" && path !== "/ready" && path !== "/metrics") return false;
    answerAdmin(service, path).then(
      ({ status, type, body }) => {
        response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
        response.end(body);
      },
      (error: unknown) => {
        service.log.error({ err: error }, "admin request failed");
        response.writeHead(500);
        response.end();
      },
    );
    return true;
  };
}

/** The same answers for servers that work with Request and Response. */
export async function answerAdmin(
  service: Administered,
  path: string,
): Promise<{ status: number; type: string; body: string }> {
  if (path === "/metrics") {
    return { status: 200, type: service.registry.contentType, body: await service.registry.metrics() };
  }
  if (path === "/health") return { status: 200, type: "application/json", body: `{"status":"alive"}` };
  const report = await service.health.report();
  return { status: report.ready ? 200 : 503, type: "application/json", body: JSON.stringify(report) };
}

/** Serves the admin paths on a port of its own, for processes without another HTTP server. Port 0 picks a free one. */
export async function startAdminServer(
  service: Service,
  { host, port }: { host: string; port: number },
): Promise<{ port: number }> {
  const handle = adminHandler(service);
  const server = createServer((request, response) => {
    if (!handle(request, response)) response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  service.onShutdown(
    "admin server",
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { port: (server.address() as AddressInfo).port };
}
