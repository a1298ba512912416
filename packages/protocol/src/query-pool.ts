import { CodedError } from "@mib/service/coded-error";
import { Connection, EngineError, errorOf } from "./connection.ts";
import { moreFollows, sealFrame, type Frame } from "./frame.ts";
import {
  blockOf,
  DataSource,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  FrameKind,
  PROTOCOL_VERSION,
  type Block,
} from "./messages.generated.ts";
import type { Shard } from "./shard.ts";

interface Pending {
  onFrame(frame: Frame): void;
  onError(error: Error): void;
}

interface Slot {
  opening: Promise<Connection> | null;
  connection: Connection | null;
  readonly pending: Map<number, Pending>;
}

interface QueryPoolOptions {
  address: string;
  shard: Shard | undefined;
  connections: number;
  timeoutMs: number;
}

type Decode<Value> = (block: Block, offset: number) => Value;

const ATTEMPTS = 2;

/** A few connections that carry queries by their request id. A query that a broken connection cut off is asked once more. */
export class QueryPool {
  readonly #address: string;
  readonly #shard: Shard | undefined;
  readonly #timeoutMs: number;
  readonly #slots: Slot[];
  #nextSlot = 0;
  #nextRequestId = 1;
  #closed = false;

  constructor({ address, shard, connections, timeoutMs }: QueryPoolOptions) {
    this.#address = address;
    this.#shard = shard;
    this.#timeoutMs = timeoutMs;
    this.#slots = Array.from({ length: connections }, () => ({
      opening: null,
      connection: null,
      pending: new Map<number, Pending>(),
    }));
  }

  /** Sends the blocks (bytes behind a frame header's place, see `blockBytes`) and decodes the reply's blocks. */
  async ask<Value>(
    template: number,
    blockLen: number,
    body: Block,
    decode: Decode<Value>,
  ): Promise<{ asOfSequence: bigint; value: Value[] }> {
    const deadline = Date.now() + this.#timeoutMs;
    const frame = new Uint8Array(body.bytes.buffer);
    if (frame.length > FRAME_BYTES_MAX) throw new CodedError("RANGE_TOO_LARGE", "the query is larger than a frame");
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(template, blockLen, frame.slice(), decode, deadline);
      } catch (error) {
        if (error instanceof CodedError) throw error;
        if (error instanceof EngineError) throw coded(error);
        if (attempt === ATTEMPTS || this.#closed)
          throw new CodedError("ENGINE_UNAVAILABLE", undefined, {}, { cause: error });
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const slot of this.#slots) slot.connection?.goodbye();
  }

  async #attempt<Value>(
    template: number,
    blockLen: number,
    frame: Uint8Array,
    decode: Decode<Value>,
    deadline: number,
  ): Promise<{ asOfSequence: bigint; value: Value[] }> {
    const slot = this.#slots[this.#nextSlot++ % this.#slots.length]!;
    const connection = slot.connection ?? (await within(this.#open(slot), deadline));
    const requestId = this.#nextRequestId;
    this.#nextRequestId = requestId === 0xffff_ffff ? 1 : requestId + 1;
    const recordCount = (frame.length - FRAME_HEADER_BYTES) / blockLen;
    sealFrame(frame, { kind: FrameKind.QUERY, template, blockLen, recordCount, firstSeq: 0n, requestId });
    const reply = new Promise<{ asOfSequence: bigint; value: Value[] }>((resolve, reject) => {
      const value: Value[] = [];
      slot.pending.set(requestId, {
        onFrame: ({ header, body }) => {
          const block = blockOf(body);
          for (let at = 0; at < header.recordCount; at++) value.push(decode(block, at * header.blockLen));
          if (moreFollows(header)) return;
          slot.pending.delete(requestId);
          resolve({ asOfSequence: header.firstSeq, value });
        },
        onError: reject,
      });
      connection.send(frame);
    });
    try {
      return await within(reply, deadline);
    } finally {
      slot.pending.delete(requestId);
    }
  }

  #open(slot: Slot): Promise<Connection> {
    if (this.#closed) throw new CodedError("ENGINE_UNAVAILABLE", "the client is closed");
    const hello = { session: "", feed: "", source: DataSource.LIVE, versionMax: PROTOCOL_VERSION, ackLevels: 0 };
    slot.opening ??= Connection.open(this.#address, hello, this.#shard)
      .then((connection) => {
        slot.connection = connection;
        connection.setReferenced(false);
        connection.handle({
          onFrame: (frame) => receive(slot, frame),
          onClose: (reason) => {
            slot.connection = null;
            for (const pending of slot.pending.values()) pending.onError(reason);
            slot.pending.clear();
          },
        });
        return connection;
      })
      .finally(() => {
        slot.opening = null;
      });
    return slot.opening;
  }
}

/** Room for blocks with the place of the frame header before it, so that a query is sent without a copy. */
export function blockBytes(bytes: number): Block {
  return blockOf(new Uint8Array(FRAME_HEADER_BYTES + bytes).subarray(FRAME_HEADER_BYTES));
}

function receive(slot: Slot, frame: Frame): void {
  const pending = slot.pending.get(frame.header.requestId);
  if (frame.header.kind === FrameKind.REPLY) pending?.onFrame(frame);
  else if (frame.header.kind === FrameKind.ERROR) pending?.onError(errorOf(frame));
}

function coded(error: EngineError): CodedError {
  switch (error.code) {
    case "INSTRUMENT_NOT_FOUND":
      return new CodedError("INSTRUMENT_NOT_FOUND");
    case "BAD_QUERY":
      return new CodedError("BAD_USER_INPUT", undefined, {}, { cause: error });
    default:
      return new CodedError("ENGINE_UNAVAILABLE", undefined, {}, { cause: error });
  }
}

async function within<Value>(promise: Promise<Value>, deadline: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new CodedError("TIMEOUT", "the engine did not answer in time")),
      Math.max(0, deadline - Date.now()),
    );
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
