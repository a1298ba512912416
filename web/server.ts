import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { adminHandler } from "@mib/service/admin-server";
import { field, readConfig } from "@mib/service/config";
import { runService } from "@mib/service/run";

/** Serves the built page and tells it, by /config.json, where the router is. */
const DIST = join(import.meta.dirname, "dist");
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

await runService("web", async (service) => {
  const config = readConfig({
    HOST: field.host(),
    PORT: field.port(3000),
    GRAPHQL_URL: field.url("http://localhost:4000/graphql"),
  });
  const graphqlOrigin = new URL(config.GRAPHQL_URL).origin;
  const websocketUrl = config.GRAPHQL_URL.replace(/^http/, "ws");
  // The chart's library sets styles from script, hence the inline styles; scripts come from here alone.
  const policy = [
    "default-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    `connect-src 'self' ${graphqlOrigin} ${new URL(websocketUrl).origin}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; ");
  const headers = {
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  };

  service.health.check("page", async () => void (await stat(join(DIST, "index.html"))));
  const admin = adminHandler(service);
  const server = createServer((request, response) => {
    if (admin(request, response)) return;
    if (request.method !== "GET" && request.method !== "HEAD")
      return void response.writeHead(405, { allow: "GET, HEAD" }).end();
    const path = decodePath(request.url ?? "/");
    if (path === null) return void response.writeHead(400, headers).end();
    if (path === "/config.json") {
      response.writeHead(200, { ...headers, "content-type": "application/json", "cache-control": "no-store" });
      return void response.end(JSON.stringify({ graphqlUrl: config.GRAPHQL_URL, websocketUrl }));
    }
    void sendFile(path === "/" ? "/index.html" : path, headers, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.PORT, config.HOST, resolve);
  });
  service.onShutdown(
    "web server",
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  service.log.info({ port: config.PORT }, "ready");
});

/** The path inside the folder, or null when it is not well formed or leads out of it. */
function decodePath(url: string): string | null {
  try {
    const path = normalize(decodeURIComponent(url.split("?", 1)[0]!));
    return path.startsWith("/") && !path.includes("\0") ? path : null;
  } catch {
    return null;
  }
}

async function sendFile(path: string, headers: Record<string, string>, response: ServerResponse): Promise<void> {
  const file = join(DIST, path);
  const found = await stat(file).catch(() => null);
  if (!found?.isFile())
    return void response.writeHead(404, { ...headers, "content-type": "text/plain" }).end("Not found\n");
  response.writeHead(200, {
    ...headers,
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    "content-length": found.size,
    "cache-control": path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
  });
  createReadStream(file).pipe(response);
}
