import type { OutgoingHttpHeaders } from "node:http";
import { cacheHeaders, isKnown, type CachePolicy } from "./cached-get.ts";
import { chooseContentCoding, encode } from "./content-coding.ts";
import type { HttpRequest, HttpResponse } from "./http-exchange.ts";
import type { ResponseMediaType } from "./media-types.ts";

export interface Answer {
  status: number;
  body: string;
}

export interface WholeResponseOptions {
  /** Answers of so many bytes are compressed for clients that ask for it; null: none is. */
  compressedBytesMin: number | null;
  caching: CachePolicy;
}

/** Sends a whole answer: compressed where the client asks for it, and by GET not again where it has it already. */
export async function sendWhole(
  { headers: request, method }: HttpRequest,
  response: HttpResponse,
  { status, body }: Answer,
  mediaType: ResponseMediaType,
  { compressedBytesMin, caching }: WholeResponseOptions,
): Promise<void> {
  const coding = compressedBytesMin === null ? null : codingFor(request, body, compressedBytesMin);
  const headers: OutgoingHttpHeaders = { "content-type": `${mediaType}; charset=utf-8` };
  if (method === "GET") {
    const forCaches = cacheHeaders(request, body, coding, caching);
    if (typeof forCaches["etag"] === "string" && isKnown(request["if-none-match"], forCaches["etag"])) {
      response.writeHead(304, forCaches);
      response.end();
      return;
    }
    Object.assign(headers, forCaches);
  } else if (compressedBytesMin !== null) response.appendHeader("vary", "accept-encoding");
  if (coding !== null) {
    const encoded = await encode(body, coding);
    headers["content-encoding"] = coding;
    headers["content-length"] = encoded.length;
    response.writeHead(status, headers);
    response.end(encoded);
    return;
  }
  if (response.measuresText) {
    response.writeHead(status, headers);
    response.end(body);
    return;
  }
  const bytes = Buffer.byteLength(body);
  response.writeHead(status, { ...headers, "content-length": bytes });
  // As many bytes as characters: it is ASCII, and as such leaves in one write with the header.
  response.end(body, bytes === body.length ? "latin1" : "utf8");
}

function codingFor(
  request: HttpRequest["headers"],
  body: string,
  bytesMin: number,
): ReturnType<typeof chooseContentCoding> {
  const coding = chooseContentCoding(request["accept-encoding"]);
  return coding === null || Buffer.byteLength(body) < bytesMin ? null : coding;
}
