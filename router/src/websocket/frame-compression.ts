import { constants, deflateRawSync } from "node:zlib";

/** Of zlib: JSON of events gets little smaller with more, which costs several times as much. */
const LEVEL = 1;
/** Larger bodies would hold the event loop up for milliseconds, and are sent as they are. */
const BYTES_MAX = 262_144;
/** The end of a flushed deflate stream, which a compressed message leaves out (RFC 7692, 7.2.1). */
const FLUSH_TAIL_BYTES = 4;
/** Bytes before what a stored block holds, where the block begins at a byte (RFC 1951, 3.2.4). */
const STORED_HEADER_BYTES = 5;
/** A stored block holds no more. */
export const STORED_BYTES_MAX = 65_535;

/**
 * Compresses what many sockets share once for all of them: a message is a stored block, which names the subscription, and the
 * blocks of the shared body. So no message may refer to the one before it (`server_no_context_takeover`).
 */
export class FrameCompression {
  readonly #bytesMin: number;
  /** What became of bodies that are in use; null: nothing smaller. */
  readonly #compressed = new WeakMap<Buffer, Buffer | null>();

  /** Bodies of fewer bytes are sent as they are. */
  constructor(bytesMin: number) {
    this.#bytesMin = bytesMin;
  }

  /** The blocks that stand for a body at the end of a message; null where it is better sent as it is. */
  blocksOf(body: Buffer): Buffer | null {
    if (body.length < this.#bytesMin || body.length > BYTES_MAX) return null;
    let blocks = this.#compressed.get(body);
    if (blocks === undefined) this.#compressed.set(body, (blocks = compress(body)));
    return blocks;
  }
}

function compress(body: Buffer): Buffer | null {
  const flushed = deflateRawSync(body, { level: LEVEL, finishFlush: constants.Z_SYNC_FLUSH });
  const blocks = flushed.subarray(0, -FLUSH_TAIL_BYTES);
  return blocks.length + STORED_HEADER_BYTES < body.length ? blocks : null;
}

/** A block, not the last, that holds bytes as they are. */
export function storedBlock(bytes: Buffer): Buffer {
  const block = Buffer.allocUnsafe(STORED_HEADER_BYTES + bytes.length);
  block[0] = 0;
  block.writeUInt16LE(bytes.length, 1);
  block.writeUInt16LE(~bytes.length & 0xffff, 3);
  bytes.copy(block, STORED_HEADER_BYTES);
  return block;
}
