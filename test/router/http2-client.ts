import { connect, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
import { Agent, fetch as undiciFetch } from "undici";
import { onTestFinished } from "vitest";

/** undici's fetch over HTTP/2, for clients that take one. */
export function http2Fetch(ca: string): typeof fetch {
  const dispatcher = new Agent({ allowH2: true, connect: { ca } });
  onTestFinished(() => dispatcher.destroy());
  return ((input: string, init: object) => undiciFetch(input, { ...init, dispatcher })) as unknown as typeof fetch;
}

/** A connection of Node's own client. */
export async function http2Connection(url: string, ca?: string): Promise<ClientHttp2Session> {
  const session = connect(new URL(url).origin, { ...(ca !== undefined && { ca }) });
  session.on("error", () => {});
  onTestFinished(() => session.destroy());
  await new Promise<void>((resolve, reject) => {
    session.once("connect", () => resolve());
    session.once("error", reject);
  });
  return session;
}

/** A response as it comes. */
export interface Http2Answer {
  stream: ClientHttp2Stream;
  /** What was read so far. */
  text(): string;
  /** The head, once it is there. */
  headers(): IncomingHttpHeaders | null;
  /** Settles when the stream is over, whole or not. */
  closed: Promise<void>;
}

/** Sends a request and reads what is answered. */
export function http2Request(
  session: ClientHttp2Session,
  {
    method = "POST",
    path = "/graphql",
    headers = {},
    body,
    isWhole = true,
  }: { method?: string; path?: string; headers?: Record<string, string>; body?: unknown; isWhole?: boolean },
): Http2Answer {
  const stream = session.request(
    { ":method": method, ":path": path, ...(body !== undefined && { "content-type": "application/json" }), ...headers },
    { endStream: isWhole && body === undefined },
  );
  let head: IncomingHttpHeaders | null = null;
  const chunks: Buffer[] = [];
  stream.on("error", () => {});
  stream.on("response", (received) => (head = received));
  stream.on("data", (chunk: Buffer) => void chunks.push(chunk));
  if (body !== undefined) {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    if (isWhole) stream.end(text);
    else stream.write(text);
  }
  return {
    stream,
    text: () => Buffer.concat(chunks).toString(),
    headers: () => head,
    closed: new Promise((resolve) => stream.once("close", resolve)),
  };
}
