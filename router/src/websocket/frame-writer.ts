/**
 * Tick 7/8: the bytes of an event to a client's socket.
 *
 * A frame is a header, a prefix that names the subscription, and bytes that all subscribers of a group share. Frames that are
 * due for one socket in the same turn of the event loop leave in one write. Where the client takes them, large ones are compressed.
 */
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Outlet } from "../subscription/backpressure.ts";
import { flushAtEndOfTurn } from "../subscription/end-of-turn.ts";
import { FrameRoom, ROOM_BYTES } from "./frame-room.ts";
import { type FrameCompression, STORED_BYTES_MAX, storedBlock } from "./frame-compression.ts";

const FIN_TEXT = 0x81;
/** The first reserved bit says that a message is compressed (RFC 7692, 6). */
const FIN_TEXT_COMPRESSED = 0xc1;
/** Shared bytes beyond this are handed to the socket as they are; copying smaller ones into one buffer is cheaper. */
const COPIED_BYTES_MAX = 16_384;

const NOTHING = Buffer.alloc(0);

/** Of all writers: each has done with it before the next one's turn. */
const room = new FrameRoom();

/** A text frame before it has its header; `body` may be shared. */
interface Frame {
  firstByte: number;
  prefix: Buffer;
  body: Buffer;
}

export class FrameWriter implements Outlet {
  readonly #socket: Duplex;
  /** Whether the socket has no more use for bytes that it no longer counts as waiting. Other streams may hand them on as they are. */
  readonly #copies: boolean;
  readonly #compression: FrameCompression | null;
  /** What waits for the end of the turn, in order. */
  #queue: Frame[] | null = null;
  #queuedBytes = 0;
  /** Whether the socket kept something when it was last written to: only then is it asked how much. */
  #isHeldUp = false;
  flushed: (() => void) | null = null;

  /** `compression`: null where the client does not take compressed messages. */
  constructor(socket: Duplex, compression: FrameCompression | null) {
    this.#socket = socket;
    this.#copies = socket instanceof Socket;
    this.#compression = compression;
  }

  get backlogBytes(): number {
    return this.#isHeldUp ? this.#queuedBytes + this.#socket.writableLength : this.#queuedBytes;
  }

  get highWaterMark(): number {
    return this.#socket.writableHighWaterMark;
  }

  /** Queues one text frame of `prefix` and `body`, whose bytes others may share. */
  write(prefix: Buffer, body: Buffer): void {
    const blocks =
      this.#compression === null || prefix.length > STORED_BYTES_MAX ? null : this.#compression.blocksOf(body);
    if (blocks === null) this.#enqueue({ firstByte: FIN_TEXT, prefix, body });
    else
      this.#enqueue({
        firstByte: FIN_TEXT_COMPRESSED,
        prefix: prefix.length === 0 ? NOTHING : storedBlock(prefix),
        body: blocks,
      });
  }

  #enqueue(frame: Frame): void {
    if (this.#queue === null) {
      flushAtEndOfTurn(this);
      this.#queue = [frame];
    } else this.#queue.push(frame);
    const length = frame.prefix.length + frame.body.length;
    this.#queuedBytes += headerLength(length) + length;
  }

  /** Queues one text frame. */
  writeText(text: string): void {
    this.write(NOTHING, Buffer.from(text));
  }

  /** Hands every queued frame to the socket, in one write unless a body is large. */
  flush(): void {
    const queue = this.#queue;
    if (queue === null) return;
    const bytes = this.#queuedBytes;
    this.#queue = null;
    this.#queuedBytes = 0;
    // One that is destroyed is not writable either.
    if (!this.#socket.writable) return;
    // What was held up once may be again, and would take a room of its own each time.
    const usesRoom = bytes <= ROOM_BYTES && this.#copies && !this.#isHeldUp;
    if (usesRoom) this.#socket.write(copyInto(room.part(bytes), queue));
    else this.#writeAlone(queue, bytes);
    this.#isHeldUp = this.#socket.writableLength > 0;
    if (usesRoom && this.#isHeldUp) room.giveAway();
    this.flushed?.();
  }

  #writeAlone(queue: readonly Frame[], bytes: number): void {
    let largeBytes = 0;
    for (const { body } of queue) if (body.length > COPIED_BYTES_MAX) largeBytes += body.length;
    if (largeBytes === 0) this.#socket.write(copyInto(Buffer.allocUnsafe(bytes), queue));
    else this.#writeInParts(queue, bytes - largeBytes);
  }

  /** Large bodies go as they are, between copies of the rest, of so many bytes. */
  #writeInParts(queue: readonly Frame[], copiedBytes: number): void {
    const copied = Buffer.allocUnsafe(copiedBytes);
    // What follows `start` is not handed over yet.
    let [start, offset] = [0, 0];
    this.#socket.cork();
    for (const frame of queue) {
      if (frame.body.length <= COPIED_BYTES_MAX) {
        offset = copyFrame(copied, offset, frame);
        continue;
      }
      offset = copyHead(copied, offset, frame);
      this.#socket.write(copied.subarray(start, offset));
      this.#socket.write(frame.body);
      start = offset;
    }
    if (offset > start) this.#socket.write(copied.subarray(start, offset));
    this.#socket.uncork();
  }
}

function copyInto(buffer: Buffer, queue: readonly Frame[]): Buffer {
  let offset = 0;
  for (const frame of queue) offset = copyFrame(buffer, offset, frame);
  return buffer;
}

/** Writes a whole frame; returns where it ends. */
function copyFrame(buffer: Buffer, at: number, frame: Frame): number {
  const bodyAt = copyHead(buffer, at, frame);
  buffer.set(frame.body, bodyAt);
  return bodyAt + frame.body.length;
}

/** Writes a frame up to its body; returns where that begins. */
function copyHead(buffer: Buffer, at: number, { firstByte, prefix, body }: Frame): number {
  buffer[at] = firstByte;
  const prefixAt = writeLength(buffer, at, prefix.length + body.length);
  if (prefix.length > 0) buffer.set(prefix, prefixAt);
  return prefixAt + prefix.length;
}

function headerLength(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
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
