import type { HttpRequest } from "./http-exchange.ts";
import { headerText } from "./request-headers.ts";

/**
 * The event after which a client of server-sent events wants to go on: of the header `Last-Event-ID`, which a browser's
 * EventSource sends when it comes back by itself, else of `lastEventId` in the query string, which is all that a page can say
 * when it opens one. Null where neither says so.
 */
export function lastEventIdOf({ headers, url = "" }: HttpRequest): string | null {
  const header = headerText(headers["last-event-id"]);
  if (header) return header;
  const start = url.indexOf("?");
  return (start < 0 ? null : new URLSearchParams(url.slice(start + 1)).get("lastEventId")) || null;
}
