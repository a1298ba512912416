import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";

/** What is asked of a request's head: Node's, or that of a plain request. */
export type HttpRequest = Readonly<Pick<IncomingMessage, "method" | "url" | "headers">> & {
  readonly socket: { readonly remoteAddress?: string | undefined };
};

/** What is done with a response: Node's, or that to a plain request. */
export interface HttpResponse {
  readonly headersSent: boolean;
  /** Its connection is gone. */
  readonly destroyed: boolean;
  setHeader(name: string, value: string): unknown;
  appendHeader(name: string, value: string): unknown;
  writeHead(status: number, headers: OutgoingHttpHeaders): unknown;
  end(body?: string | Uint8Array, encoding?: BufferEncoding): unknown;
  destroy(): unknown;
  /** Tells the length of a text by itself, when it ends with it. */
  readonly measuresText?: true;
}
