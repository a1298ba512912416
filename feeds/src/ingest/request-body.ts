import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { CodedError } from "@mib/service/coded-error";

const unzip = promisify(gunzip);

/** How much of all bodies is held at the moment. */
export interface HeldBytes {
  /** Throws RATE_LIMITED when there is no room. */
  take(bytes: number): void;
  give(bytes: number): void;
}

/**
 * Reads a body, gzip or not, of at most so many bytes, packed and unpacked. Its bytes are taken from `held` as they come:
 * whoever reads it gives them back.
 */
export async function readBody(request: IncomingMessage, bytesMax: number, held: HeldBytes): Promise<Buffer> {
  const encoding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (!["identity", "gzip", "x-gzip"].includes(encoding))
    throw new CodedError("UNSUPPORTED_MEDIA_TYPE", "the content-encoding is not read here: send gzip, or none");
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      held.take(chunk.length);
      if (bytes > bytesMax) throw tooLarge(bytesMax);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw new CodedError("BAD_REQUEST", "the body broke off", {}, { cause: error });
  }
  const body = Buffer.concat(chunks);
  return encoding === "identity" ? body : unpack(body, bytesMax, held);
}

async function unpack(packed: Buffer, bytesMax: number, held: HeldBytes): Promise<Buffer> {
  held.take(bytesMax); // what it may come to
  let unpacked: Buffer;
  try {
    unpacked = await unzip(packed, { maxOutputLength: bytesMax });
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(bytesMax);
    throw new CodedError("BAD_REQUEST", "the body is not gzip, or only a part of it", {}, { cause: error });
  }
  held.give(packed.length + bytesMax - unpacked.length);
  return unpacked;
}

function tooLarge(bytesMax: number): CodedError {
  return new CodedError("REQUEST_TOO_LARGE", `a request has at most ${bytesMax} bytes, also unpacked`);
}
