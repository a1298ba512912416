import { createHash } from "node:crypto";
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";

/** What caches are told about answers to GET; null: nothing. */
export interface CachePolicy {
  anonymous: string | null;
  /** For requests that carried a credential. */
  authenticated: string | null;
}

/** What an answer to GET depends on beside its address: caches keep one for each. */
const VARIES_BY = "accept, accept-encoding, authorization, cookie, origin, x-api-key";

/** The headers of an answer to GET that caches read. One with errors is not for them: it may be whole in a moment. */
export function cacheHeaders(
  request: IncomingHttpHeaders,
  body: string,
  coding: string | null,
  policy: CachePolicy,
): OutgoingHttpHeaders {
  if (!body.startsWith('{"data":')) return { "cache-control": "no-store" };
  const hasCredential = (request.authorization ?? request.cookie ?? request["x-api-key"]) !== undefined;
  const control = hasCredential ? policy.authenticated : policy.anonymous;
  const digest = createHash("sha256").update(body).digest("base64url").slice(0, 27);
  return {
    vary: VARIES_BY,
    // Strong: equal tags mean equal bytes, so each coding has its own.
    etag: `"${digest}${coding === null ? "" : `-${coding}`}"`,
    ...(control !== null && { "cache-control": control }),
  };
}

/** Whether the client has an answer with this tag already. */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(",").some((each) => each.trim().replace(/^W\//, "") === etag || each.trim() === "*");
}
