import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Service } from "@mib/service/run";

const DRAIN_MS_MAX = 5_000;
const KEEP_ALIVE_MS = 65_000;

/**
 * Listens until the service shuts down. Then it accepts no connection any more, finishes the requests it has, tells their
 * connections to close, and cuts what is left after 5 seconds. Port 0 picks a free one.
 */
export async function startHttpServer(
  service: Service,
  handler: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  { host, port, requestTimeoutMs }: { host: string; port: number; requestTimeoutMs: number },
): Promise<{ port: number }> {
  const open = new Set<ServerResponse>();
  let draining = false;
  const server = createServer((request, response) => {
    open.add(response);
    response.once("close", () => open.delete(response));
    if (draining) response.shouldKeepAlive = false;
    void handler(request, response);
  });
  server.headersTimeout = requestTimeoutMs;
  server.requestTimeout = requestTimeoutMs;
  // Longer than the router keeps an idle connection, so that it is never the server that closes one just being used.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  service.onShutdown("http server", async () => {
    draining = true;
    for (const response of open) response.shouldKeepAlive = false;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS_MAX);
    await closed;
    clearTimeout(cut);
  });
  const listening = (server.address() as AddressInfo).port;
  service.log.info({ host, port: listening }, "listening");
  return { port: listening };
}
