import { crc32c } from "@node-rs/crc32";
import { FRAME_BYTES_MAX, FRAME_FLAG_MORE, FRAME_HEADER_BYTES, PROTOCOL_VERSION } from "./messages.generated.ts";

export interface FrameHeader {
  version: number;
  kind: number;
  flags: number;
  recordCount: number;
  template: number;
  blockLen: number;
  firstSeq: bigint;
  requestId: number;
}

/** A frame whose checksum held. `body` is a view of the reader's buffer: it is valid until the next `push`. */
export interface Frame {
  header: FrameHeader;
  body: Uint8Array;
}

export class FrameError extends Error {
  readonly reason: "BAD_FRAME" | "BAD_CRC" | "FRAME_TOO_LARGE";

  constructor(reason: FrameError["reason"], message: string) {
    super(message);
    this.name = "FrameError";
    this.reason = reason;
  }
}

/** Fills in header and checksum of a frame whose blocks already stand behind the header's place. */
export function sealFrame(
  bytes: Uint8Array,
  header: Omit<FrameHeader, "version" | "flags" | "requestId"> & { flags?: number; requestId?: number },
): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(0, bytes.length, true);
  view.setUint8(4, PROTOCOL_VERSION);
  view.setUint8(5, header.kind);
  view.setUint16(6, header.flags ?? 0, true);
  view.setUint32(8, header.recordCount, true);
  view.setUint16(12, header.template, true);
  view.setUint16(14, header.blockLen, true);
  view.setBigUint64(16, header.firstSeq, true);
  view.setUint32(24, header.requestId ?? 0, true);
  view.setUint32(28, checksum(bytes), true);
  return bytes;
}

export function moreFollows(header: FrameHeader): boolean {
  return (header.flags & FRAME_FLAG_MORE) !== 0;
}

function checksum(frame: Uint8Array): number {
  return crc32c(frame.subarray(FRAME_HEADER_BYTES), crc32c(frame.subarray(0, 28)));
}

const START_BYTES = 64 * 1_024;

/** Cuts a stream of bytes into frames. After a FrameError the stream can't be read any further. */
export class FrameReader {
  #buffer = new Uint8Array(START_BYTES);
  #start = 0;
  #end = 0;

  /** Takes bytes in; iterate over the result to the end before the next call. */
  *push(chunk: Uint8Array): Generator<Frame, void, undefined> {
    this.#take(chunk);
    for (let frame = this.#next(); frame !== null; frame = this.#next()) yield frame;
  }

  #take(chunk: Uint8Array): void {
    const kept = this.#end - this.#start;
    if (this.#end + chunk.length > this.#buffer.length) {
      const needed = kept + chunk.length;
      const target = needed <= this.#buffer.length ? this.#buffer : new Uint8Array(2 ** Math.ceil(Math.log2(needed)));
      target.set(this.#buffer.subarray(this.#start, this.#end), 0);
      this.#buffer = target;
      this.#start = 0;
      this.#end = kept;
    }
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  #next(): Frame | null {
    const available = this.#end - this.#start;
    if (available < 4) return null;
    const view = new DataView(this.#buffer.buffer, this.#start, available);
    const length = view.getUint32(0, true);
    if (length < FRAME_HEADER_BYTES) throw new FrameError("BAD_FRAME", `a frame of ${length} bytes`);
    if (length > FRAME_BYTES_MAX) throw new FrameError("FRAME_TOO_LARGE", `a frame of ${length} bytes`);
    if (available < length) return null;
    const bytes = this.#buffer.subarray(this.#start, this.#start + length);
    if (checksum(bytes) !== view.getUint32(28, true)) throw new FrameError("BAD_CRC", "the checksum does not hold");
    const header = readHeader(view);
    if (header.recordCount * header.blockLen !== length - FRAME_HEADER_BYTES) {
      throw new FrameError(
        "BAD_FRAME",
        `${header.recordCount} blocks of ${header.blockLen} bytes in a frame of ${length}`,
      );
    }
    this.#start += length;
    return { header, body: bytes.subarray(FRAME_HEADER_BYTES) };
  }
}

function readHeader(view: DataView): FrameHeader {
  return {
    version: view.getUint8(4),
    kind: view.getUint8(5),
    flags: view.getUint16(6, true),
    recordCount: view.getUint32(8, true),
    template: view.getUint16(12, true),
    blockLen: view.getUint16(14, true),
    firstSeq: view.getBigUint64(16, true),
    requestId: view.getUint32(24, true),
  };
}
