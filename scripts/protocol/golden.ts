import type { Field, Message, Schema } from "./schema.ts";

/** Field values as text: integers in decimal, texts as they are, bytes in hex. */
type Values = Record<string, string>;

const LIMITS: Record<string, [min: bigint, max: bigint]> = {
  u8: [0n, 2n ** 8n - 1n],
  u16: [0n, 2n ** 16n - 1n],
  u32: [0n, 2n ** 32n - 1n],
  u64: [0n, 2n ** 64n - 1n],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  i128: [-(2n ** 127n), 2n ** 127n - 1n],
};

/** Blocks of every message: zero, least, greatest, and a typical one whose bytes are all different. */
export function goldenMessages(schema: Schema): string {
  const cases = schema.messages.flatMap((message) =>
    (["zero", "least", "greatest", "typical"] as const).map((flavour) => {
      const values = Object.fromEntries(
        message.fields
          .filter((field) => field.kind !== "reserved")
          .map((field) => [field.name, valueOf(message, field, flavour)]),
      );
      return {
        name: `${message.name}, ${flavour}`,
        template: message.id,
        hex: encodeBlock(message, values).toString("hex"),
        fields: values,
      };
    }),
  );
  return `${JSON.stringify(cases, null, 1)}\n`;
}

function valueOf(message: Message, field: Field, flavour: "zero" | "least" | "greatest" | "typical"): string {
  if (field.name === "template" && message.role === "record") return String(message.id);
  if (field.kind === "text") {
    return {
      zero: "",
      least: "a",
      greatest: "z".repeat(field.size),
      typical: `${field.name.slice(0, field.size - 4)} µ`,
    }[flavour];
  }
  if (field.kind === "bytes") {
    return { zero: "00", least: "01", greatest: "ff", typical: "5a" }[flavour].repeat(field.size);
  }
  const [min, max] = LIMITS[field.kind]!;
  const typical = Array.from(
    { length: field.size },
    (_, at) => BigInt(1 + ((field.offset + at) % 120)) << BigInt(8 * at),
  );
  return String(
    { zero: 0n, least: min, greatest: max, typical: typical.reduce((sum, part) => sum + part, 0n) }[flavour],
  );
}

function encodeBlock(message: Message, values: Values): Buffer {
  const block = Buffer.alloc(message.blockLen);
  for (const field of message.fields) {
    const value = values[field.name];
    if (field.kind === "reserved" || value === undefined) continue;
    if (field.kind === "text") block.write(value, field.offset, "utf8");
    else if (field.kind === "bytes") block.write(value, field.offset, "hex");
    else putInteger(block, field.offset, field.size, BigInt(value));
  }
  return block;
}

function putInteger(block: Buffer, offset: number, size: number, value: bigint): void {
  for (let at = 0; at < size; at++) block[offset + at] = Number((value >> BigInt(8 * at)) & 0xffn);
}

interface FrameCase {
  name: string;
  hex: string;
  /** What a reader makes of it: the frame's content, that it waits for more, or why it refuses. */
  expect: { header: Values; blocks: string[] } | "INCOMPLETE" | "BAD_CRC" | "BAD_FRAME" | "FRAME_TOO_LARGE";
}

/** Frames as they come over the wire, good and bad. */
export function goldenFrames(schema: Schema): string {
  const trade = schema.messages.find((message) => message.name === "Trade")!;
  const quote = schema.messages.find((message) => message.name === "Quote")!;
  const block = (message: Message, flavour: "typical" | "greatest") =>
    encodeBlock(
      message,
      Object.fromEntries(
        message.fields
          .filter((field) => field.kind !== "reserved")
          .map((field) => [field.name, valueOf(message, field, flavour)]),
      ),
    );
  const two = frame(schema, { kind: 1, template: trade.id, block_len: 64, first_seq: 41 }, [
    block(trade, "typical"),
    block(trade, "greatest"),
  ]);
  const cases: FrameCase[] = [
    good("no records", frame(schema, { kind: 2, template: 36, block_len: 8 }, [])),
    good("two trades", two),
    good(
      "a trade and a quote in one frame",
      frame(schema, { kind: 1, template: 0, block_len: 64, first_seq: 1 }, [
        block(trade, "typical"),
        block(quote, "typical"),
      ]),
    ),
    good(
      "blocks longer than the message",
      frame(schema, { kind: 1, template: trade.id, block_len: 72 }, [
        Buffer.concat([block(trade, "typical"), Buffer.alloc(8, 0xee)]),
      ]),
    ),
    good("a message that nobody knows", frame(schema, { kind: 1, template: 999, block_len: 8 }, [Buffer.alloc(8, 7)])),
    good(
      "a reply with more to follow",
      frame(schema, { kind: 4, flags: 1, template: quote.id, block_len: 64, first_seq: 7, request_id: 3 }, [
        block(quote, "greatest"),
      ]),
    ),
    good(
      "a full batch",
      frame(
        schema,
        { kind: 1, template: trade.id, block_len: 64, first_seq: 2 },
        Array.from({ length: 64 }, () => block(trade, "typical")),
      ),
    ),
  ];
  const bytes = Buffer.from(two.hex, "hex");
  for (let length = 0; length < bytes.length; length++) {
    cases.push({
      name: `cut after ${length} bytes`,
      hex: bytes.subarray(0, length).toString("hex"),
      expect: "INCOMPLETE",
    });
  }
  cases.push({ name: "the checksum has a flipped bit", hex: flipped(bytes, 28), expect: "BAD_CRC" });
  cases.push({ name: "a record has a flipped bit", hex: flipped(bytes, 100), expect: "BAD_CRC" });
  cases.push({ name: "the header has a flipped bit", hex: flipped(bytes, 17), expect: "BAD_CRC" });
  const short = Buffer.from(bytes);
  short.writeUInt32LE(31, 0);
  cases.push({ name: "a length below that of the header", hex: short.toString("hex"), expect: "BAD_FRAME" });
  const long = Buffer.from(bytes);
  long.writeUInt32LE(schema.frame.bytesMax + 1, 0);
  cases.push({ name: "a length above the limit", hex: long.toString("hex"), expect: "FRAME_TOO_LARGE" });
  cases.push({
    name: "more records announced than there are",
    hex: frame(schema, { kind: 1, template: 1, block_len: 64, record_count: 3 }, [block(trade, "typical")]).hex,
    expect: "BAD_FRAME",
  });
  return `${JSON.stringify(cases, null, 1)}\n`;
}

function good(name: string, { hex, header, blocks }: ReturnType<typeof frame>): FrameCase {
  return { name, hex, expect: { header, blocks: blocks.map((each) => each.toString("hex")) } };
}

function frame(
  schema: Schema,
  given: Record<string, number>,
  blocks: Buffer[],
): { hex: string; header: Values; blocks: Buffer[] } {
  const length = schema.frame.headerBytes + blocks.reduce((sum, each) => sum + each.length, 0);
  const values: Record<string, number> = {
    frame_len: length,
    version: schema.version,
    kind: 1,
    flags: 0,
    record_count: blocks.length,
    template: 0,
    block_len: 0,
    first_seq: 0,
    request_id: 0,
    ...given,
  };
  const bytes = Buffer.alloc(length);
  for (const field of schema.frame.fields) putInteger(bytes, field.offset, field.size, BigInt(values[field.name] ?? 0));
  Buffer.concat(blocks).copy(bytes, schema.frame.headerBytes);
  bytes.writeUInt32LE(crc32c(Buffer.concat([bytes.subarray(0, 28), bytes.subarray(32)])), 28);
  return {
    hex: bytes.toString("hex"),
    header: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)])),
    blocks,
  };
}

function flipped(bytes: Buffer, at: number): string {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 4;
  return copy.toString("hex");
}

/** Bit by bit, from the definition (Castagnoli, reflected 0x82f63b78). */
function crc32c(bytes: Buffer): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
