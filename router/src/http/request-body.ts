import type { IncomingMessage } from "node:http";
import { CodedError } from "@mib/service/coded-error";
import { CONTENT_CODINGS, decode } from "./content-coding.ts";

/** What is still read of a body that is too large, so that its sender hears the answer instead of a broken connection. */
const DISCARDED_BYTES_MAX = 33_554_432;
const DISCARD_MS_MAX = 5_000;

/**
 * The whole body as text, decoded where it is compressed. Throws REQUEST_TOO_LARGE past the limit, which holds for the body
 * as it comes and decoded; the rest is then read away. Throws UNSUPPORTED_MEDIA_TYPE for a coding that is not read here.
 */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<string> {
  const name = request.headers["content-encoding"]?.trim().toLowerCase();
  if (name === undefined || name === "identity") return (await readBytes(request, bytesMax)).toString();
  const coding = CONTENT_CODINGS.find((each) => each === name);
  if (coding === undefined)
    throw new CodedError(
      "UNSUPPORTED_MEDIA_TYPE",
      `A body is coded in ${CONTENT_CODINGS.join(" or ")}, or not at all.`,
    );
  return decode(await readBytes(request, bytesMax), coding, bytesMax);
}

function readBytes(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > bytesMax) {
    discard(request);
    return Promise.reject(tooLarge(bytesMax));
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > bytesMax) {
        request.removeAllListeners("data");
        discard(request);
        reject(tooLarge(bytesMax));
        return;
      }
      chunks.push(chunk);
    });
    request.once("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.once("error", (error) =>
      reject(new CodedError("BAD_REQUEST", "The body ended early.", {}, { cause: error })),
    );
  });
}

function discard(request: IncomingMessage): void {
  let size = 0;
  const timer = setTimeout(() => request.destroy(), DISCARD_MS_MAX).unref();
  request.once("close", () => clearTimeout(timer));
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > DISCARDED_BYTES_MAX) request.destroy();
  });
}

function tooLarge(bytesMax: number): CodedError {
  return new CodedError("REQUEST_TOO_LARGE", `The body is larger than ${bytesMax} bytes.`, { limit: bytesMax });
}
