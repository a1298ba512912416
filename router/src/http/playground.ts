import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { RouterConfig } from "../config/router-config.ts";
import type { HttpRequest, HttpResponse } from "./http-exchange.ts";

interface Asset {
  type: string;
  body: Buffer;
  etag: string;
}

/** Where GraphiQL's package says which plugins there are: ours come with them. */
const PLUGINS = /plugins:\[(\w+)\],schemaDescription/;

const ASSETS_PATH = "/playground/";

/** GraphiQL offsets the tabs that a page begins with, and takes the offset back when one is pressed: it jumps from the mouse. */
const TABS_STAY = ".graphiql-tab{transform:none!important}";

const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
};

/** GraphiQL as its package brings it: every byte comes from this router, and the page may load from nowhere else. */
export class Playground {
  readonly #page: string;
  readonly #headers: Record<string, string>;
  #assets: Promise<Map<string, Asset>> | null = null;

  /** `plans`: whether requests may ask for their plans. */
  constructor({ title, tabs }: RouterConfig["playground"], path: string, plans: boolean) {
    const start = startScript({ title, tabs, path });
    this.#page = page(title, start, plans);
    const hash = createHash("sha256").update(start).digest("base64");
    this.#headers = {
      ...PAGE_HEADERS,
      "content-security-policy": [
        "default-src 'none'",
        `script-src 'self' 'sha256-${hash}' 'unsafe-eval'`,
        "style-src 'self' 'unsafe-inline'",
        "font-src 'self' data:",
        "img-src 'self' data:",
        "worker-src 'self' blob:",
        "connect-src 'self' ws: wss:",
        "base-uri 'none'",
        "form-action 'none'",
      ].join("; "),
    };
  }

  sendPage(response: HttpResponse): void {
    response.writeHead(200, this.#headers);
    response.end(this.#page);
  }

  /** Sends an asset of the page; false when the path is none. */
  sendAsset(path: string, request: HttpRequest, response: HttpResponse): boolean {
    if (!path.startsWith(ASSETS_PATH)) return false;
    this.#assets ??= loadAssets();
    this.#assets.then(
      (assets) => {
        const asset = assets.get(path.slice(ASSETS_PATH.length));
        if (!asset) {
          response.writeHead(404);
          response.end();
        } else if (request.headers["if-none-match"] === asset.etag) {
          response.writeHead(304, { etag: asset.etag });
          response.end();
        } else {
          response.writeHead(200, {
            "content-type": asset.type,
            "content-encoding": "gzip",
            "content-length": asset.body.length,
            "cache-control": "no-cache",
            etag: asset.etag,
            "x-content-type-options": "nosniff",
          });
          response.end(asset.body);
        }
      },
      () => {
        response.writeHead(500);
        response.end();
      },
    );
    return true;
  }
}

/** The package is nine megabytes of text: it is read when a page is first asked for, and kept compressed. */
async function loadAssets(): Promise<Map<string, Asset>> {
  const { css, js, editorWorkerService, jsonWorker, graphqlWorker } =
    await import("@graphql-yoga/render-graphiql/graphiql");
  const asset = (type: string, text: string): Asset => {
    const body = gzipSync(text);
    return {
      type: `${type}; charset=utf-8`,
      body,
      etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
    };
  };
  return new Map([
    ["graphiql.css", asset("text/css", css)],
    ["graphiql.js", asset("text/javascript", withPlugins(js))],
    ["plan-panel.js", asset("text/javascript", readFileSync(join(import.meta.dirname, "plan-panel.js"), "utf8"))],
    ["editorWorkerService.js", asset("text/javascript", editorWorkerService)],
    ["json.js", asset("text/javascript", jsonWorker)],
    ["graphql.js", asset("text/javascript", graphqlWorker)],
  ]);
}

function withPlugins(js: string): string {
  if (!PLUGINS.test(js)) throw new Error("this GraphiQL has no known place for plugins");
  return js.replace(PLUGINS, "plugins:[$1,...(globalThis.graphiqlPlugins??[])],schemaDescription");
}

function startScript({
  title,
  tabs,
  path,
}: {
  title: string;
  tabs: RouterConfig["playground"]["tabs"];
  path: string;
}): string {
  const options = {
    title,
    endpoint: path,
    subscriptionsProtocol: "WS",
    defaultTabs: tabs.map(({ query, variables, headers }) => ({
      query,
      ...(variables && { variables: JSON.stringify(variables, null, 2) }),
      ...(headers && { headers: JSON.stringify(headers, null, 2) }),
    })),
  };
  // "<" is written as an escape: no text of the configuration can end the script.
  const json = JSON.stringify(tabs.length > 0 ? options : { ...options, defaultTabs: undefined }).replaceAll(
    "<",
    "\\u003c",
  );
  return `self.MonacoEnvironment={globalAPI:false,getWorkerUrl:(_,label)=>${JSON.stringify(ASSETS_PATH)}+label+".js"};YogaGraphiQL.renderYogaGraphiQL(document.getElementById("root"),${json});`;
}

function page(title: string, start: string, plans: boolean): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${ASSETS_PATH}graphiql.css">
<style>${TABS_STAY}</style>
</head>
<body class="no-focus-outline">
<noscript>The playground needs JavaScript.</noscript>
<div id="root"></div>
<script src="${ASSETS_PATH}graphiql.js"></script>
${plans ? `<script src="${ASSETS_PATH}plan-panel.js"></script>\n` : ""}<script>${start}</script>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
