import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";

/** A message as a venue sent it, and when it came in. What a live adapter gets, a recorder writes and a replay reads. */
export interface RawMessage {
  receivedNanos: bigint;
  text: string;
}

/** Names a capture by what is in it. */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/**
 * The messages of a capture, in order: lines `<local time in ns> <message>`, gzip or plain. A line without a time is told to
 * `onBadLine` and left out. Fails when the file ends in the middle of its compression.
 */
export async function* readCapture(
  path: string,
  onBadLine: (line: number) => void,
): AsyncGenerator<RawMessage, void, undefined> {
  let number = 0;
  for await (const line of linesOf(path)) {
    number += 1;
    const space = line.indexOf(" ");
    const time = line.slice(0, space);
    if (/^\d{15,20}$/.test(time)) yield { receivedNanos: BigInt(time), text: line.slice(space + 1) };
    else if (line !== "") onBadLine(number);
  }
}

/** The lines of a file, gzip or plain. Fails when the file ends in the middle of its compression. */
export async function* linesOf(path: string): AsyncGenerator<string, void, undefined> {
  const source = createReadStream(path);
  const text = (await isGzip(path)) ? source.pipe(createGunzip()) : source;
  source.once("error", (error) => text.destroy(error));
  try {
    yield* createInterface({ input: text, crlfDelay: Infinity });
  } catch (error) {
    throw new Error(`${path} can't be read to its end: ${(error as Error).message}`, { cause: error });
  } finally {
    source.destroy();
  }
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}
