import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";

/** What is asked of a request's head: Node's, that of a plain request, or that of an HTTP/2 stream. */
export interface HttpRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** What is done with a response: Node's, that to a plain request, or that of an HTTP/2 stream. */
export interface HttpResponse {
  readonly headersSent: boolean;
  /** Nobody is there any more who would take it. */
  readonly destroyed: boolean;
  setHeader(name: string, value: string): unknown;
  appendHeader(name: string, value: string): unknown;
  writeHead(status: number, headers?: OutgoingHttpHeaders): unknown;
  end(body?: string | Uint8Array, encoding?: BufferEncoding): unknown;
  destroy(): unknown;
  /** Tells the length of a text by itself, when it ends with it. */
  readonly measuresText?: true;
}

/** A response whose body may come piece by piece: any but that to a plain request, which asks for one whole answer. */
export interface OngoingResponse extends HttpResponse {
  readonly writableEnded: boolean;
  /** What the client has not taken yet. */
  readonly writableLength: number;
  readonly writableHighWaterMark: number;
  /** `taken` is called when the bytes have left the process. False: wait for "drain". */
  write(piece: string | Uint8Array, taken?: () => void): boolean;
  on(event: "drain" | "close", listener: () => void): unknown;
  once(event: "drain" | "close", listener: () => void): unknown;
  off(event: "drain" | "close", listener: () => void): unknown;
}

export function isOngoing(response: HttpResponse): response is OngoingResponse {
  return "write" in response;
}
