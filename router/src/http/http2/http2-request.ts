import type { IncomingHttpHeaders } from "node:http2";
import type { HttpRequest } from "../http-exchange.ts";

/**
 * The head of a request as HTTP/1.1 would have it: what stands in pseudo-headers there is no header here, and the authority
 * is the host. Takes the headers over.
 */
export function readHttp2Head(headers: IncomingHttpHeaders, socket: HttpRequest["socket"]): HttpRequest {
  const { ":method": method, ":path": url, ":authority": authority } = headers;
  for (const name in headers) if (name.startsWith(":")) delete headers[name];
  if (authority !== undefined) headers.host = authority;
  return { method, url, headers, socket };
}
