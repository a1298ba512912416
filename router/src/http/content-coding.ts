import { promisify } from "node:util";
import { brotliCompress, brotliDecompress, constants, gunzip, gzip } from "node:zlib";
import { CodedError } from "@mib/service/coded-error";

export type ContentCoding = "br" | "gzip";

/** What an answer or a body may be coded in; of what a client likes equally, the first. */
export const CONTENT_CODINGS: readonly ContentCoding[] = ["br", "gzip"];

/** Past these levels an answer gets little smaller for the processor time that it takes. */
const GZIP_LEVEL = 3;
const BROTLI_QUALITY = 3;

const known = new Map<string, ContentCoding | null>();
const KNOWN_MAX = 1_000;

/** The coding that a client's Accept-Encoding asks for; null for none. */
export function chooseContentCoding(acceptEncoding: string | undefined): ContentCoding | null {
  if (acceptEncoding === undefined) return null;
  const cached = known.get(acceptEncoding);
  if (cached !== undefined) return cached;
  const chosen = choose(acceptEncoding);
  if (known.size < KNOWN_MAX) known.set(acceptEncoding, chosen);
  return chosen;
}

function choose(acceptEncoding: string): ContentCoding | null {
  const qualities = new Map<string, number>();
  for (const item of acceptEncoding.toLowerCase().split(",")) {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim());
    const quality = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
    qualities.set(name === "x-gzip" ? "gzip" : name, Number.isFinite(quality) ? quality : 0);
  }
  const qualityOf = (coding: string) => qualities.get(coding) ?? qualities.get("*") ?? 0;
  const best = Math.max(...CONTENT_CODINGS.map(qualityOf));
  if (best <= 0 || best < (qualities.get("identity") ?? 0)) return null;
  return CONTENT_CODINGS.find((coding) => qualityOf(coding) === best)!;
}

const [gzipped, brotlied] = [promisify(gzip), promisify(brotliCompress)];
const [gunzipped, unbrotlied] = [promisify(gunzip), promisify(brotliDecompress)];

/** Compresses on another thread. */
export function encode(text: string, coding: ContentCoding): Promise<Buffer> {
  if (coding === "gzip") return gzipped(text, { level: GZIP_LEVEL });
  return brotlied(text, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
}

/** The text of a coded body. Throws REQUEST_TOO_LARGE as soon as it grows past the limit, BAD_REQUEST where it cannot be read. */
export async function decode(body: Buffer, coding: ContentCoding, bytesMax: number): Promise<string> {
  try {
    const decoded = await (coding === "gzip" ? gunzipped : unbrotlied)(body, { maxOutputLength: bytesMax });
    return decoded.toString();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw new CodedError("REQUEST_TOO_LARGE", `The body is larger than ${bytesMax} bytes.`, { limit: bytesMax });
    throw new CodedError("BAD_REQUEST", `The body is not ${coding}.`, {}, { cause: error });
  }
}
