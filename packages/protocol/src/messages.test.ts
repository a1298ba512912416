import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameError, FrameReader } from "./frame.ts";
import { blockOf, decodeBar, encodeBar, MESSAGES, type Bar } from "./messages.generated.ts";

interface GoldenMessage {
  name: string;
  template: number;
  hex: string;
  fields: Record<string, string>;
}

interface GoldenFrame {
  name: string;
  hex: string;
  expect: string | { header: Record<string, string>; blocks: string[] };
}

function golden<Case>(name: string): Case[] {
  return JSON.parse(readFileSync(new URL(`../../../engine/protocol/golden/${name}.json`, import.meta.url), "utf8"));
}

function asText(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value);
}

test.each(golden<GoldenMessage>("messages"))(
  "$name: decodes to its fields and encodes to its bytes",
  ({ template, hex, fields }) => {
    const message = MESSAGES[template]!;
    const bytes = new Uint8Array(Buffer.from(hex, "hex"));
    const decoded = message.decode(blockOf(bytes), 0);
    const expected = Object.entries(fields).filter(([key]) => message.role !== "record" || key !== "template");
    expect(Object.values(decoded).map(asText)).toEqual(expected.map(([, value]) => value));
    const again = new Uint8Array(message.blockLen).fill(0xa5);
    message.encode(blockOf(again), 0, decoded as never);
    expect(Buffer.from(again).toString("hex")).toBe(hex);
  },
);

test.each(golden<GoldenFrame>("frames"))(
  "a frame, $name, is read or refused as written",
  ({ hex, expect: expected }) => {
    const read = () => [...new FrameReader().push(Buffer.from(hex, "hex"))];
    if (expected === "INCOMPLETE") return expect(read()).toEqual([]);
    if (typeof expected === "string") return expect(reasonOf(read)).toBe(expected);
    const [frame] = read();
    const { header, body } = frame!;
    const blocks = Array.from({ length: header.recordCount }, (_, at) =>
      Buffer.from(body.subarray(at * header.blockLen, (at + 1) * header.blockLen)).toString("hex"),
    );
    expect(blocks).toEqual(expected.blocks);
    expect([header.template, header.flags, header.requestId, header.firstSeq].map(String)).toEqual([
      expected.header.template,
      expected.header.flags,
      expected.header.request_id,
      expected.header.first_seq,
    ]);
  },
);

function reasonOf(read: () => unknown): string | undefined {
  try {
    read();
  } catch (error) {
    return error instanceof FrameError ? error.reason : undefined;
  }
}

test("a stream of frames is cut rightly wherever the chunks end", () => {
  const frames = golden<GoldenFrame>("frames").filter((each) => typeof each.expect === "object");
  const stream = Buffer.concat(frames.map((frame) => Buffer.from(frame.hex, "hex")));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1 }), (sizes) => {
      const reader = new FrameReader();
      let count = 0;
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = sizes[turn % sizes.length]!;
        for (const frame of reader.push(stream.subarray(at, at + size))) count += frame.header.recordCount >= 0 ? 1 : 0;
        at += size;
      }
      return count === frames.length;
    }),
  );
});

test("decoding inverts encoding for any bar", () => {
  const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const i128 = fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n - 1n });
  const byte = fc.integer({ min: 0, max: 255 });
  const bar: fc.Arbitrary<Bar> = fc.record({
    flags: byte,
    publisherId: fc.integer({ min: 0, max: 65_535 }),
    instrumentId: fc.integer({ min: 0, max: 0xffff_ffff }),
    tsEventNanos: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    openE9: i64,
    highE9: i64,
    lowE9: i64,
    closeE9: i64,
    volumeE9: i128,
    notionalE18: i128,
    tradeCount: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    revision: fc.integer({ min: 0, max: 0xffff_ffff }),
    interval: byte,
    final: byte,
  }) as fc.Arbitrary<Bar>;
  fc.assert(
    fc.property(bar, (message) => {
      const block = blockOf(new Uint8Array(96));
      encodeBar(block, 0, message);
      expect(decodeBar(block, 0)).toEqual(message);
    }),
  );
});
