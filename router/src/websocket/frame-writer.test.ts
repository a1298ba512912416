import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Writable } from "node:stream";
import { eventually } from "@mib/testkit/eventually";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import * as ws from "ws";
import { FrameCompression } from "./frame-compression.ts";
import { FrameWriter } from "./frame-writer.ts";

/** The parser of ws and its extension: it exports them, its types do not say so. */
const { Receiver, PerMessageDeflate } = ws as unknown as {
  Receiver: new (options: { isServer: boolean; maxPayload: number; extensions: object }) => Writable;
  PerMessageDeflate: new (options: object) => { accept(configurations: object[]): void };
};

/** A writer on a real socket, and what a WebSocket client makes of its bytes. */
async function pair(compression: FrameCompression | null = null, { readsAfter = Promise.resolve() } = {}) {
  const messages: string[] = [];
  const inflation = new PerMessageDeflate({ isServer: false, maxPayload: 10_000_000 });
  inflation.accept([{ server_no_context_takeover: [true] }]);
  const extensions = compression && { "permessage-deflate": inflation };
  const receiver = new Receiver({ isServer: false, maxPayload: 10_000_000, extensions: extensions ?? {} });
  receiver.on("message", (data: Buffer, isBinary: boolean) => messages.push(isBinary ? "binary" : data.toString()));
  const server = createServer(async (socket) => {
    await readsAfter;
    socket.pipe(receiver);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { connect } = await import("node:net");
  const socket: Socket = connect((server.address() as { port: number }).port, "127.0.0.1");
  await once(socket, "connect");
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  return { socket, messages, writer: new FrameWriter(socket, compression), ended: once(receiver, "finish") };
}

test.each([
  ["as they are", null],
  ["compressed where they are large", new FrameCompression(100)],
])("a client reads the frames as they were written, whatever their sizes: sent %s", async (_, compression) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(
          fc.constantFrom(0, 3, 40, 70_000),
          fc.constantFrom(0, 1, 85, 125, 126, 200, 16_384, 16_385, 65_535, 70_000, 300_000),
          fc.boolean(),
          fc.boolean(),
        ),
        { maxLength: 12 },
      ),
      async (frames) => {
        const { socket, messages, writer, ended } = await pair(compression);
        const expected: string[] = [];
        for (const [prefixLength, bodyLength, flushNow, isRandom] of frames) {
          const prefix = "p".repeat(prefixLength);
          // Half a byte per character gets little smaller, and no smaller where it is short.
          const body = isRandom ? randomBytes(bodyLength).toString("hex").slice(0, bodyLength) : "b".repeat(bodyLength);
          writer.write(Buffer.from(prefix), Buffer.from(body));
          expected.push(prefix + body);
          if (flushNow) writer.flush();
        }
        writer.flush();
        socket.end();
        await ended;
        expect(messages).toEqual(expected);
      },
    ),
    { numRuns: 30 },
  );
});

test("what a socket does not take at once stays as it was, whatever is written to others meanwhile", async () => {
  const { promise: readsAfter, resolve: read } = Promise.withResolvers<void>();
  const slow = await pair(null, { readsAfter });
  const other = await pair();
  const expected: string[] = [];
  const write = (writer: FrameWriter, letter: string) => {
    writer.write(Buffer.from(letter), Buffer.from(letter.repeat(9_999)));
    writer.flush();
  };
  // Until the socket has kept something several times.
  for (let kept = 0; kept < 5; kept += slow.socket.writableLength > 0 ? 1 : 0) {
    const letter = String.fromCharCode(97 + (expected.length % 26));
    write(slow.writer, letter);
    expected.push(letter.repeat(10_000));
    write(other.writer, "-");
  }
  read();
  await eventually(() => expect(slow.messages).toHaveLength(expected.length));
  expect(slow.messages).toEqual(expected);
  await eventually(() => expect(other.messages).toEqual(expected.map(() => "-".repeat(10_000))));
});

test("frames of one turn leave in one write", async () => {
  const { socket, messages, writer } = await pair();
  let writes = 0;
  const write = socket.write.bind(socket);
  socket.write = ((...args: Parameters<typeof write>) => {
    writes += 1;
    return write(...args);
  }) as typeof socket.write;
  for (let i = 0; i < 5; i++) writer.writeText(`{"n":${i}}`);
  expect(writer.backlogBytes).toBe(5 * 9);
  await eventually(() => expect(messages).toHaveLength(5));
  expect(writes).toBe(1);
});

test("a body is compressed once, whoever it is sent to, and only where that makes it smaller", () => {
  const compression = new FrameCompression(1_000);
  const body = Buffer.from(JSON.stringify({ text: "the same again and again ".repeat(100) }));
  const blocks = compression.blocksOf(body)!;
  expect(blocks.length).toBeLessThan(body.length / 10);
  expect(compression.blocksOf(body)).toBe(blocks);
  expect(compression.blocksOf(body.subarray(0, 999))).toBeNull();
  expect(compression.blocksOf(randomBytes(2_000))).toBeNull();
});
