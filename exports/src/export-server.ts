import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { adminHandler } from "@mib/service/admin-server";
import { CodedError } from "@mib/service/coded-error";
import { Counter, Gauge } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import { Api } from "./api.ts";
import { briefPage } from "./briefs/brief-page.ts";
import { readBriefRequest, type BriefRequest } from "./briefs/brief-request.ts";
import { CONTENT_POLICY } from "./briefs/style.ts";
import { csvOf } from "./csv.ts";
import { readExportRequest, type ExportRequest, type Format } from "./export-request.ts";
import { parquetOf } from "./parquet.ts";
import { sendFile } from "./send-file.ts";
import type { TableFormat } from "./table.ts";
import { tableOf } from "./tables.ts";

export interface ExportServerOptions {
  graphqlUrl: string;
  /** Exports that run at the same time: each has some pages in memory. */
  exportsMax: number;
  exportsPerUserMax: number;
  /** How long a client may take nothing of what it asked for. */
  stalledMs: number;
}

const EXPORT_SCOPE = "export:read";

const FORMATS: Readonly<Record<Format, { write: TableFormat; contentType: string }>> = {
  csv: { write: csvOf, contentType: "text/csv; charset=utf-8" },
  parquet: { write: parquetOf, contentType: "application/vnd.apache.parquet" },
};

/**
 * Answers `GET /exports/{bars,trades,indicators}.{csv,parquet}` and `GET /briefs/{market,instruments/SYMBOL}.html`. Everything is read
 * through the public API with the caller's own credential. A failure before the first byte has its code and status; one after it cuts
 * the connection, so that no client takes a part for the whole.
 */
export function createExportServer(service: Service, options: ExportServerOptions): Server {
  const admin = adminHandler(service);
  const { registry, log } = service;
  const done = new Counter({
    name: "exports_total",
    help: "Exports by result",
    labelNames: ["result"],
    registers: [registry],
  });
  const running = new Map<string, number>();
  const gauge = new Gauge({ name: "exports_running", help: "Exports that run now", registers: [registry] });
  const total = () => [...running.values()].reduce((sum, count) => sum + count, 0);

  return createServer((request, response) => {
    if (admin(request, response)) return;
    const gone = new AbortController();
    response.once("close", () => gone.abort(new Error("the client went away")));
    void answer(request, response, gone.signal).then(
      () => done.inc({ result: "DONE" }),
      (error: unknown) => {
        const isCoded = error instanceof CodedError;
        // Until here nobody but the client, and the time limit for it, has closed the response.
        const isGone = gone.signal.aborted && !isCoded;
        done.inc({ result: isGone ? "CLIENT_GONE" : "FAILED" });
        if (!isGone && !isCoded) log.error({ err: error }, "an export failed");
        fail(response, isCoded ? error : new CodedError("INTERNAL_ERROR"));
      },
    );
  });

  async function answer(request: IncomingMessage, response: ServerResponse, gone: AbortSignal): Promise<void> {
    const url = request.url ?? "/";
    const [table, brief] = [readExportRequest(url), readBriefRequest(url)];
    if (table === null && brief === null) throw new CodedError("NOT_FOUND");
    if (request.method !== "GET") {
      response.setHeader("allow", "GET");
      throw new CodedError("METHOD_NOT_ALLOWED");
    }
    const api = new Api({ graphqlUrl: options.graphqlUrl, credential: credentialOf(request), signal: gone });
    const user = await permitted(api);
    enter(user);
    try {
      const { headers, chunks } = table === null ? await briefFile(api, brief!) : await tableFile(api, table);
      response.writeHead(200, { ...headers, "cache-control": "no-store", "x-content-type-options": "nosniff" });
      await sendFile(chunks, response, { stalledMs: options.stalledMs, gone });
    } finally {
      leave(user);
    }
  }

  function enter(user: string): void {
    const own = running.get(user) ?? 0;
    if (own >= options.exportsPerUserMax || total() >= options.exportsMax)
      throw new CodedError("RATE_LIMITED", "As many exports run as may at once: wait until one has ended.");
    running.set(user, own + 1);
    gauge.set(total());
  }

  function leave(user: string): void {
    const left = (running.get(user) ?? 1) - 1;
    if (left > 0) running.set(user, left);
    else running.delete(user);
    gauge.set(total());
  }
}

/** What is sent. */
interface SentFile {
  headers: Record<string, string>;
  chunks: AsyncIterable<Uint8Array | string>;
}

async function tableFile(api: Api, wanted: ExportRequest): Promise<SentFile> {
  const { write, contentType } = FORMATS[wanted.format];
  const table = await tableOf(api, wanted, new Date());
  return {
    headers: {
      "content-type": contentType,
      "content-disposition": `attachment; filename="${wanted.of}-${plain(wanted.parameters.symbol)}.${wanted.format}"`,
    },
    chunks: write(table),
  };
}

async function briefFile(api: Api, wanted: BriefRequest): Promise<SentFile> {
  const page = await briefPage(api, wanted, new Date());
  return {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-disposition": `inline; filename="brief-${plain(wanted.symbol ?? "market")}.html"`,
      "content-security-policy": `${CONTENT_POLICY}; frame-ancestors 'none'`,
      "referrer-policy": "no-referrer",
    },
    chunks: (async function* () {
      yield page;
    })(),
  };
}

/** A symbol as a part of a file's name. */
const plain = (symbol: string): string => symbol.replace(/[^\w.-]/g, "_");

/** Asks the API who calls and what they may: it knows credentials, this process does not. */
async function permitted(api: Api): Promise<string> {
  const { me } = await api.ask<{ me: { id: string; scopes: string[] } | null }>(
    "query ExportCaller { me { id scopes } }",
    {},
  );
  if (me === null) throw new CodedError("UNAUTHENTICATED");
  if (!me.scopes.includes(EXPORT_SCOPE))
    throw new CodedError("FORBIDDEN", `This needs the scope ${EXPORT_SCOPE}.`, { scope: EXPORT_SCOPE });
  return me.id;
}

/** Whatever it is worth. Without any the answer is known. */
function credentialOf({ headers }: IncomingMessage): Record<string, string> {
  const credential: Record<string, string> = {};
  if (headers.authorization) credential.authorization = headers.authorization;
  const key = headers["x-api-key"];
  if (typeof key === "string") credential["x-api-key"] = key;
  // The API would say the same, and might have to be asked again and again until it does.
  if (Object.keys(credential).length === 0) throw new CodedError("UNAUTHENTICATED");
  return credential;
}

function fail(response: ServerResponse, error: CodedError): void {
  if (response.headersSent) return void response.destroy();
  const body = JSON.stringify({
    errors: [{ message: error.message, extensions: { ...error.details, code: error.code } }],
  });
  response.writeHead(error.status, { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" });
  response.end(body);
}
