import type { Duplex } from "node:stream";
import { CodedError } from "@mib/service/coded-error";
import { formatError } from "./error-body.ts";
import type { Http1Server } from "./taken-connections.ts";

const REASONS: Record<number, string> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

/** Answers what is no readable HTTP request with a coded error too, and ends its connection. */
export function refuseBadConnections(server: Http1Server): void {
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === "ECONNRESET" || !socket.writable) {
      socket.destroy();
      return;
    }
    const refusal = refusalOf(error.code);
    const body = JSON.stringify({ errors: [formatError(refusal)] });
    const { status } = refusal;
    socket.end(
      `HTTP/1.1 ${status} ${REASONS[status]}\r\ncontent-type: application/json; charset=utf-8\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  });
}

function refusalOf(code: string | undefined): CodedError {
  if (code === "HPE_HEADER_OVERFLOW") return new CodedError("HEADERS_TOO_LARGE");
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return new CodedError("REQUEST_TIMEOUT");
  return new CodedError("BAD_REQUEST", "This is no HTTP request.");
}
