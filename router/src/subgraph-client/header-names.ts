import { IDENTITY_HEADER, TURN_HEADER } from "@mib/identity/caller-identity";

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Headers of one connection, of one body, or that only the router itself may set: no rule forwards or sets them. */
const RESERVED = new Set([
  // hop by hop (RFC 9110, 7.6.1)
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  // of this request and its body
  "accept",
  "accept-encoding",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  // what the router says about the caller
  IDENTITY_HEADER,
  TURN_HEADER,
  "forwarded",
  "x-forwarded-for",
  "x-real-ip",
]);

const CREDENTIALS = new Set(["authorization", "cookie", "x-api-key"]);

export function isToken(name: string): boolean {
  return TOKEN.test(name);
}

/** Whether a rule may forward, set or remove the header. */
export function isSettable(name: string): boolean {
  const lower = name.toLowerCase();
  return !RESERVED.has(lower) && !lower.startsWith("sec-websocket-");
}

/** Whether the header says who calls: it is forwarded by name only, to subgraphs that may know. */
export function isCredential(name: string): boolean {
  return CREDENTIALS.has(name.toLowerCase());
}
