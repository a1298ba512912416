import { once } from "node:events";
import type { ServerResponse } from "node:http";

/**
 * Sends what comes as fast as the client takes it, and closes the connection of one that takes nothing for `stalledMs`: what the file
 * waits for itself does not count. Fails as `chunks` does, or when `gone` says that the connection is closed.
 */
export async function sendFile(
  chunks: AsyncIterable<Uint8Array | string>,
  response: ServerResponse,
  { stalledMs, gone }: { stalledMs: number; gone: AbortSignal },
): Promise<void> {
  // Of the socket: bytes that a slow client takes begin its time anew.
  response.on("timeout", () => response.destroy());
  for await (const chunk of chunks) {
    gone.throwIfAborted();
    if (response.write(chunk)) continue;
    response.setTimeout(stalledMs);
    await once(response, "drain", { signal: gone });
    response.setTimeout(0);
  }
  gone.throwIfAborted();
  response.setTimeout(stalledMs);
  response.end();
  await once(response, "finish", { signal: gone });
}
