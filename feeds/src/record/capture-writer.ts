import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { constants, createGzip, type Gzip } from "node:zlib";
import { CodedError } from "@mib/service/coded-error";

export interface CaptureWriterOptions {
  path: string;
  /** Of the file. */
  bytesMax: number;
}

const FLUSH_MS = 1_000;

/**
 * Writes a capture as replay reads it: lines `<local time in ns> <message>`, gzip. Once a second what was written goes to the
 * file, so that a recorder that is killed loses no more. It never writes over a file.
 */
export class CaptureWriter {
  readonly #gzip: Gzip = createGzip();
  readonly #bytesMax: number;
  readonly #done: Promise<void>;
  readonly #timer: NodeJS.Timeout;
  readonly #counted = { messages: 0, bytes: 0 };
  #failure: Error | null = null;

  /** Fails with BAD_USER_INPUT when the file can't be made. */
  static async open({ path, bytesMax }: CaptureWriterOptions): Promise<CaptureWriter> {
    const file = createWriteStream(path, { flags: "wx" });
    try {
      await once(file, "open");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const reason = code === "EEXIST" ? "is there already: choose another name" : `can't be made (${code})`;
      throw new CodedError("BAD_USER_INPUT", `the file ${path} ${reason}`, {}, { cause: error });
    }
    return new CaptureWriter(file, bytesMax);
  }

  private constructor(file: NodeJS.WritableStream, bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#gzip.on("data", (chunk: Buffer) => (this.#counted.bytes += chunk.length));
    this.#done = pipeline(this.#gzip, file);
    this.#done.catch((error: Error) => (this.#failure = error));
    this.#timer = setInterval(() => this.#gzip.flush(constants.Z_SYNC_FLUSH), FLUSH_MS);
  }

  get counted(): Readonly<{ messages: number; bytes: number }> {
    return this.#counted;
  }

  get full(): boolean {
    return this.#counted.bytes >= this.#bytesMax;
  }

  /** What is written beyond the file's limit is left out. Throws when the file could not be written. */
  write(text: string, receivedNanos: bigint): void {
    if (this.#failure) throw this.#failure;
    if (this.full) return;
    this.#counted.messages += 1;
    // A message of several lines would be read as several.
    this.#gzip.write(`${receivedNanos} ${text.replace(/[\r\n]+/g, " ")}\n`);
  }

  /** Null while there is room; else what to wait for. */
  room(): Promise<void> | null {
    if (!this.#gzip.writableNeedDrain) return null;
    return Promise.race([once(this.#gzip, "drain").then(() => undefined), this.#done]);
  }

  /** Ends the file; everything is in it then. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#gzip.end();
    await this.#done;
  }
}
