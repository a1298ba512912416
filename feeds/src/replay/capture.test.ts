import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { hashOfFile, readCapture } from "./capture.ts";

const folder = mkdtempSync(join(tmpdir(), "mib-capture-"));
afterAll(() => rmSync(folder, { recursive: true }));

const LINES = ['1723161253937085768 {"a":1}', '1723161253937085769 {"b":"two words"}'];

function written(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function read(path: string): Promise<{ texts: string[]; bad: number[] }> {
  const texts: string[] = [];
  const bad: number[] = [];
  for await (const { receivedNanos, text } of readCapture(path, (line) => bad.push(line)))
    texts.push(`${receivedNanos} ${text}`);
  return { texts, bad };
}

describe("a capture is read", () => {
  test.each([
    ["compressed", gzipSync(`${LINES.join("\n")}\n`)],
    ["plain", `${LINES.join("\n")}\n`],
    ["without a line end at its end", LINES.join("\n")],
    ["with line ends of Windows", gzipSync(`${LINES.join("\r\n")}\r\n`)],
    ["in two parts of gzip", Buffer.concat(LINES.map((line) => gzipSync(`${line}\n`)))],
  ])("%s", async (name, bytes) => {
    expect(await read(written(name, bytes))).toEqual({ texts: LINES, bad: [] });
  });
});

test("lines without a time are told and left out", async () => {
  expect(await read(written("bad", `${LINES[0]}\nnonsense\n\n{"no":"time"}\n${LINES[1]}\n`))).toEqual({
    texts: LINES,
    bad: [2, 4],
  });
});

test("a file that is cut off gives what it has and then fails", async () => {
  const whole = gzipSync(
    Array.from(
      { length: 20_000 },
      (_, at) => `17231612539370857${String(at % 100).padStart(2, "0")} {"n":${Math.sin(at)}}`,
    ).join("\n"),
  );
  const path = written("cut", whole.subarray(0, whole.length / 2));
  let count = 0;
  await expect(async () => {
    for await (const _ of readCapture(path, () => {})) count += 1;
  }).rejects.toThrow(/can't be read to its end/);
  expect(count).toBeGreaterThan(1_000);
});

test("a capture is named by its bytes", async () => {
  expect(await hashOfFile(written("hash", "abc"))).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});
