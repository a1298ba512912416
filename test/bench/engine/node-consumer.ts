/**
 * What the engine is compared with: the same feed taken in by Node, one process. It checks and decodes every record and keeps last
 * quotes, last trades, daily figures and books in memory, with no journal: what it acknowledges as durable is not on disk.
 *
 *   node node-consumer.ts SOCKET
 */
import { createServer } from "node:net";
import { FrameReader, sealFrame, type Frame } from "../../../packages/protocol/src/frame.ts";
import {
  ACK_BYTES,
  ACK_LEVEL_DURABLE,
  ACK_TEMPLATE,
  blockOf,
  BOOK_DELTA_TEMPLATE,
  decodeBookDelta,
  decodeInstrumentDefinition,
  decodeQuote,
  decodeTrade,
  encodeAck,
  encodeHelloAck,
  FRAME_HEADER_BYTES,
  FrameKind,
  HELLO_ACK_BYTES,
  HELLO_ACK_TEMPLATE,
  INSTRUMENT_DEFINITION_TEMPLATE,
  QUOTE_TEMPLATE,
  Side,
  TRADE_TEMPLATE,
  type Quote,
  type Trade,
} from "../../../packages/protocol/src/messages.generated.ts";

interface Instrument {
  symbol: string;
  quote: Quote | null;
  trade: Trade | null;
  highE9: bigint;
  lowE9: bigint;
  volumeE9: bigint;
  bids: Map<bigint, bigint>;
  asks: Map<bigint, bigint>;
}

const instruments: Instrument[] = [];

createServer((socket) => {
  const reader = new FrameReader();
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    let last = 0n;
    for (const frame of reader.push(chunk)) {
      if (frame.header.kind === FrameKind.DATA) last = take(frame);
      else if (frame.header.kind === FrameKind.CONTROL) socket.write(helloAck());
    }
    if (last > 0n) socket.write(ack(last));
  });
}).listen(process.argv[2]);

/** Takes a frame's records in; returns the last one's sequence. */
function take({ header, body }: Frame): bigint {
  const block = blockOf(body);
  for (let at = 0; at < body.length; at += header.blockLen) {
    switch (body[at]) {
      case QUOTE_TEMPLATE: {
        const quote = decodeQuote(block, at);
        instruments[quote.instrumentId]!.quote = quote;
        break;
      }
      case TRADE_TEMPLATE: {
        const trade = decodeTrade(block, at);
        const instrument = instruments[trade.instrumentId]!;
        instrument.trade = trade;
        if (trade.priceE9 > instrument.highE9) instrument.highE9 = trade.priceE9;
        if (trade.priceE9 < instrument.lowE9) instrument.lowE9 = trade.priceE9;
        instrument.volumeE9 += trade.sizeE9;
        break;
      }
      case BOOK_DELTA_TEMPLATE: {
        const delta = decodeBookDelta(block, at);
        const { bids, asks } = instruments[delta.instrumentId]!;
        const side = delta.side === Side.BUY ? bids : asks;
        if (delta.sizeE9 === 0n) side.delete(delta.priceE9);
        else side.set(delta.priceE9, delta.sizeE9);
        break;
      }
      case INSTRUMENT_DEFINITION_TEMPLATE: {
        const { instrumentId, symbol } = decodeInstrumentDefinition(block, at);
        instruments[instrumentId] = {
          symbol,
          quote: null,
          trade: null,
          highE9: -(2n ** 63n),
          lowE9: 2n ** 63n,
          volumeE9: 0n,
          bids: new Map(),
          asks: new Map(),
        };
      }
    }
  }
  return header.firstSeq + BigInt(header.recordCount) - 1n;
}

function helloAck(): Uint8Array {
  return control(HELLO_ACK_TEMPLATE, HELLO_ACK_BYTES, (bytes) =>
    encodeHelloAck(blockOf(bytes), FRAME_HEADER_BYTES, {
      epoch: new Uint8Array(16),
      nextSequence: 1n,
      heartbeatMs: 1_000,
      deadMs: 5_000,
      version: 1,
      shardIndex: 0,
      shardCount: 1,
    }),
  );
}

function ack(sequence: bigint): Uint8Array {
  return control(ACK_TEMPLATE, ACK_BYTES, (bytes) =>
    encodeAck(blockOf(bytes), FRAME_HEADER_BYTES, { sequence, level: ACK_LEVEL_DURABLE }),
  );
}

function control(template: number, blockLen: number, encode: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + blockLen);
  encode(bytes);
  return sealFrame(bytes, { kind: FrameKind.CONTROL, template, blockLen, recordCount: 1, firstSeq: 0n });
}
