import { CodedError } from "@mib/service/coded-error";

/** What a client says about its stream in `extensions.stream` of a subscribe message. */
export interface StreamRequest {
  /** A cursor that it got before, or the oldest event that the window still has; null: begin as the stream's field says. */
  after: string | "start" | null;
}

/** Reads `extensions.stream`; null when the client wants no cursors. Throws BAD_REQUEST. */
export function readStreamRequest(extensions: unknown): StreamRequest | null {
  const stream = (extensions as { stream?: unknown } | null | undefined)?.stream;
  if (stream == null) return null;
  const after = (stream as { after?: unknown }).after ?? null;
  if (typeof stream !== "object" || (after !== null && (typeof after !== "string" || after === "")))
    throw new CodedError(
      "BAD_REQUEST",
      '"extensions.stream" must be {} or {"after": "<cursor>"} or {"after": "start"}.',
    );
  return { after };
}
