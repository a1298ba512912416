import type { Readable } from "node:stream";
import { CodedError } from "@mib/service/coded-error";
import { CONTENT_CODINGS, decode } from "./content-coding.ts";
import type { HttpRequest } from "./http-exchange.ts";

/** What is still read of a body that is too large, so that its sender hears the answer instead of a broken connection. */
const DISCARDED_BYTES_MAX = 33_554_432;
const DISCARD_MS_MAX = 5_000;

/**
 * The whole body as text, decoded where it is compressed. Throws REQUEST_TOO_LARGE past the limit, which holds for the body
 * as it comes and decoded; the rest is then read away. Throws UNSUPPORTED_MEDIA_TYPE for a coding that is not read here.
 */
export async function readBody(body: Readable, headers: HttpRequest["headers"], bytesMax: number): Promise<string> {
  const name = headers["content-encoding"]?.trim().toLowerCase();
  const bytes = { told: Number(headers["content-length"] ?? 0), max: bytesMax };
  if (name === undefined || name === "identity") return (await readBytes(body, bytes)).toString();
  const coding = CONTENT_CODINGS.find((each) => each === name);
  if (coding === undefined)
    throw new CodedError(
      "UNSUPPORTED_MEDIA_TYPE",
      `A body is coded in ${CONTENT_CODINGS.join(" or ")}, or not at all.`,
    );
  return decode(await readBytes(body, bytes), coding, bytesMax);
}

function readBytes(body: Readable, { told, max }: { told: number; max: number }): Promise<Buffer> {
  if (told > max) {
    discard(body);
    return Promise.reject(tooLarge(max));
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const endedEarly = (cause?: Error) =>
      reject(new CodedError("BAD_REQUEST", "The body ended early.", {}, { ...(cause && { cause }) }));
    body.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > max) {
        body.removeAllListeners("data");
        discard(body);
        reject(tooLarge(max));
        return;
      }
      chunks.push(chunk);
    });
    body.once("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    body.once("error", endedEarly);
    // An HTTP/2 stream that its client cancels ends with nothing else.
    body.once("close", endedEarly);
  });
}

function discard(body: Readable): void {
  let size = 0;
  const timer = setTimeout(() => body.destroy(), DISCARD_MS_MAX).unref();
  body.once("close", () => clearTimeout(timer));
  body.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > DISCARDED_BYTES_MAX) body.destroy();
  });
}

function tooLarge(bytesMax: number): CodedError {
  return new CodedError("REQUEST_TOO_LARGE", `The body is larger than ${bytesMax} bytes.`, { limit: bytesMax });
}
