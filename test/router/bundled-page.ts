import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { patient } from "@mib/testkit/eventually";
import { chromium, type Page } from "playwright-core";
import { build, type InlineConfig } from "vite";
import { onTestFinished } from "vitest";

const CHROMIUM = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
export const hasBrowser = existsSync(CHROMIUM);
export const PAGE_DEADLINE_MS = 60_000;

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
};

/** Bundles by Vite and serves what comes out, with other files beside it, at the returned origin. */
export async function serveBundle(config: InlineConfig, beside: Record<string, string>): Promise<string> {
  const bundle = await build({ logLevel: "silent", ...config, build: { ...config.build, write: false } });
  const { output } = bundle as { output: { fileName: string; code?: string; source?: string | Uint8Array }[] };
  const files = new Map<string, string | Uint8Array>(Object.entries(beside));
  for (const { fileName, code, source } of output) files.set(`/${fileName}`, code ?? source ?? "");
  const server = createServer(({ url }, response) => {
    const path = url === "/" ? "/index.html" : url!;
    response.writeHead(files.has(path) ? 200 : 404, { "content-type": TYPES[extname(path)] ?? "text/plain" });
    response.end(files.get(path));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => server.close().closeAllConnections());
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

/** A page in a browser of its own, and what it failed of. */
export async function openBrowser(): Promise<{ page: Page; problems: string[] }> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(patient(PAGE_DEADLINE_MS));
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  return { page, problems };
}
