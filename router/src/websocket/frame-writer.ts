/**
 * Tick 7/8: the bytes of an event to a client's socket.
 *
 * A frame is a header, a prefix that names the subscription, and bytes that all subscribers of a group share. Frames that are
 * due for one socket in the same turn of the event loop leave in one write. Where the client takes them, large ones are compressed.
 */
import type { Duplex } from "node:stream";
import type { Outlet } from "../subscription/backpressure.ts";
import { flushAtEndOfTurn } from "../subscription/end-of-turn.ts";
import { type FrameCompression, STORED_BYTES_MAX, storedBlock } from "./frame-compression.ts";

const FIN_TEXT = 0x81;
/** The first reserved bit says that a message is compressed (RFC 7692, 6). */
const FIN_TEXT_COMPRESSED = 0xc1;
/** Shared bytes beyond this are handed to the socket as they are; copying smaller ones into one buffer is cheaper. */
const COPIED_BYTES_MAX = 16_384;

const NOTHING = Buffer.alloc(0);

export class FrameWriter implements Outlet {
  readonly #socket: Duplex;
  readonly #compression: FrameCompression | null;
  /** Pairs of prefix and body, in order. */
  #queue: Buffer[] = [];
  /** Of each pair, how its frame begins. */
  #firstBytes: number[] = [];
  #queuedBytes = 0;

  /** `compression`: null where the client does not take compressed messages. */
  constructor(socket: Duplex, compression: FrameCompression | null) {
    this.#socket = socket;
    this.#compression = compression;
  }

  get backlogBytes(): number {
    return this.#queuedBytes + this.#socket.writableLength;
  }

  get highWaterMark(): number {
    return this.#socket.writableHighWaterMark;
  }

  /** Queues one text frame of `prefix` and `body`, whose bytes others may share. */
  write(prefix: Buffer, body: Buffer): void {
    const blocks =
      this.#compression === null || prefix.length > STORED_BYTES_MAX ? null : this.#compression.blocksOf(body);
    if (blocks === null) this.#enqueue(FIN_TEXT, prefix, body);
    else this.#enqueue(FIN_TEXT_COMPRESSED, prefix.length === 0 ? NOTHING : storedBlock(prefix), blocks);
  }

  #enqueue(firstByte: number, prefix: Buffer, body: Buffer): void {
    if (this.#queue.length === 0) flushAtEndOfTurn(this);
    this.#firstBytes.push(firstByte);
    this.#queue.push(prefix, body);
    this.#queuedBytes += prefix.length + body.length + headerLength(prefix.length + body.length);
  }

  /** Queues one text frame. */
  writeText(text: string): void {
    this.write(NOTHING, Buffer.from(text));
  }

  /** Hands every queued frame to the socket, in one write unless a body is large. */
  flush(): void {
    const queue = this.#queue;
    const firstBytes = this.#firstBytes;
    if (queue.length === 0) return;
    this.#queue = [];
    this.#firstBytes = [];
    this.#queuedBytes = 0;
    if (this.#socket.destroyed || !this.#socket.writable) return;

    let buffer = Buffer.allocUnsafe(copiedLength(queue));
    let offset = 0;
    this.#socket.cork();
    for (let i = 0; i < queue.length; i += 2) {
      const prefix = queue[i]!;
      const body = queue[i + 1]!;
      buffer[offset] = firstBytes[i / 2]!;
      offset = writeLength(buffer, offset, prefix.length + body.length);
      offset += prefix.copy(buffer, offset);
      if (body.length <= COPIED_BYTES_MAX) {
        offset += body.copy(buffer, offset);
      } else {
        this.#socket.write(buffer.subarray(0, offset));
        this.#socket.write(body);
        buffer = buffer.subarray(offset);
        offset = 0;
      }
    }
    if (offset > 0) this.#socket.write(buffer.subarray(0, offset));
    this.#socket.uncork();
  }
}

function headerLength(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/** What a queue needs when its large bodies are not copied. */
function copiedLength(queue: readonly Buffer[]): number {
  let total = 0;
  for (let i = 0; i < queue.length; i += 2) {
    const [prefix, body] = [queue[i]!.length, queue[i + 1]!.length];
    total += headerLength(prefix + body) + prefix + (body <= COPIED_BYTES_MAX ? body : 0);
  }
  return total;
}

/** Writes the length of an unmasked frame that begins at `offset`; returns where its header ends. */
function writeLength(buffer: Buffer, offset: number, length: number): number {
  if (length < 126) {
    buffer[offset + 1] = length;
    return offset + 2;
  }
  if (length < 65_536) {
    buffer[offset + 1] = 126;
    buffer.writeUInt16BE(length, offset + 2);
    return offset + 4;
  }
  buffer[offset + 1] = 127;
  buffer.writeBigUInt64BE(BigInt(length), offset + 2);
  return offset + 10;
}
