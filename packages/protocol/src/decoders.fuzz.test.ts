import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameError, FrameReader, sealFrame } from "./frame.ts";
import { blockOf, MESSAGES } from "./messages.generated.ts";

/** `FUZZ_SECONDS=600 vitest run --project unit packages/protocol/src/decoders.fuzz.test.ts` for a long run. */
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 1);
const LIMITS = {
  numRuns: Number.MAX_SAFE_INTEGER,
  interruptAfterTimeLimit: SECONDS * 1_000,
  markInterruptAsFailure: false,
};
const TIMEOUT_MS = (SECONDS + 30) * 1_000;

const GOLDEN = (
  JSON.parse(readFileSync(new URL("../../../engine/protocol/golden/frames.json", import.meta.url), "utf8")) as {
    hex: string;
  }[]
).map(({ hex }) => new Uint8Array(Buffer.from(hex, "hex")));

/** A golden frame with some bytes changed and perhaps its end cut off, the checksum made to hold when `sealed`. */
const damagedFrame = fc
  .record({
    frame: fc.constantFrom(...GOLDEN),
    changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
    cut: fc.option(fc.nat(), { freq: 4 }),
    sealed: fc.boolean(),
  })
  .map(({ frame, changes, cut, sealed }) => {
    const bytes = cut === null ? frame.slice() : frame.slice(0, cut % (frame.length + 1));
    for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
    return sealed && bytes.length >= 32 ? resealed(bytes) : bytes;
  });

function resealed(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return sealFrame(bytes, {
    kind: view.getUint8(5),
    flags: view.getUint16(6, true),
    recordCount: view.getUint32(8, true),
    template: view.getUint16(12, true),
    blockLen: view.getUint16(14, true),
    firstSeq: view.getBigUint64(16, true),
    requestId: view.getUint32(24, true),
  });
}

test("no stream of damaged frames makes the reader do anything but read or refuse", { timeout: TIMEOUT_MS }, () => {
  fc.assert(
    fc.property(
      fc.array(damagedFrame, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 300 }),
      (frames, size) => {
        const stream = Buffer.concat(frames);
        const reader = new FrameReader();
        try {
          for (let at = 0; at < stream.length; at += size) {
            for (const { header, body } of reader.push(stream.subarray(at, at + size)))
              expect(body.length).toBe(header.recordCount * header.blockLen);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      },
    ),
    LIMITS,
  );
});

test(
  "any block of a message's length decodes, and what it says comes back the same or does not fit",
  { timeout: TIMEOUT_MS },
  () => {
    const templates = Object.keys(MESSAGES).map(Number);
    fc.assert(
      fc.property(
        fc.constantFrom(...templates),
        fc.uint8Array({ minLength: 512, maxLength: 512 }),
        (template, bytes) => {
          const message = MESSAGES[template]!;
          const once = message.decode(blockOf(bytes.subarray(0, message.blockLen)), 0);
          const block = new Uint8Array(message.blockLen);
          try {
            message.encode(blockOf(block), 0, once as never);
          } catch (error) {
            // A text that is not UTF-8 reads with replacement characters, which may need more room than it had.
            expect(error).toBeInstanceOf(RangeError);
            return;
          }
          expect(message.decode(blockOf(block), 0)).toEqual(once);
        },
      ),
      LIMITS,
    );
  },
);
