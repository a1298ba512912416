import { request, type IncomingMessage } from "node:http";
import { onTestFinished } from "vitest";

/** A response as it comes; `pause` stops reading it, as a slow client does. */
export interface HttpStream {
  response: IncomingMessage;
  /** What was read so far. */
  text(): string;
  /** How it ended; null while it goes on. */
  ended(): "end" | "cut" | null;
  pause(): void;
  resume(): void;
  leave(): void;
}

/** Posts a subscription, or asks for a stream by GET, and reads the answer while it goes on. */
export async function httpStream(
  url: string,
  {
    method = "POST",
    query,
    headers = {},
    extensions,
  }: { method?: string; query?: string; headers?: Record<string, string>; extensions?: object },
): Promise<HttpStream> {
  const sent = request(url, {
    method,
    headers: { "content-type": "application/json", ...headers },
    agent: false,
  });
  onTestFinished(() => void sent.destroy());
  sent.on("error", () => {});
  sent.end(query === undefined ? undefined : JSON.stringify({ query, ...(extensions && { extensions }) }));
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve);
    sent.once("error", reject);
  });
  const chunks: Buffer[] = [];
  let ended: "end" | "cut" | null = null;
  response.on("data", (chunk: Buffer) => void chunks.push(chunk));
  response.on("end", () => void (ended = "end"));
  response.on("error", () => void (ended = "cut"));
  return {
    response,
    text: () => Buffer.concat(chunks).toString(),
    ended: () => ended,
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    leave: () => void sent.destroy(),
  };
}

/** The results in a stream of server-sent events. */
export function resultsOf(text: string): any[] {
  return [...text.matchAll(/event: next\ndata: (.*)\n\n/g)].map(([, data]) => JSON.parse(data!));
}

/** The bodies of the parts of a multipart response with the boundary `graphql`, without heartbeats. */
export function payloadsOf(text: string): any[] {
  return text
    .split("\r\n--graphql")
    .flatMap((part) => (part.includes("\r\n\r\n") ? [JSON.parse(part.slice(part.indexOf("\r\n\r\n")))] : []))
    .filter((body) => Object.keys(body).length > 0);
}
