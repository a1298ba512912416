import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Writable } from "node:stream";
import { eventually } from "@mib/testkit/eventually";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import * as ws from "ws";
import { FrameWriter } from "./frame-writer.ts";

/** The parser of ws: it exports it, its types do not say so. */
const { Receiver } = ws as unknown as {
  Receiver: new (options: { isServer: boolean; maxPayload: number }) => Writable;
};

/** A writer on a real socket, and what a WebSocket client makes of its bytes. */
async function pair() {
  const messages: string[] = [];
  const receiver = new Receiver({ isServer: false, maxPayload: 10_000_000 });
  receiver.on("message", (data: Buffer, isBinary: boolean) => messages.push(isBinary ? "binary" : data.toString()));
  const server = createServer((socket) => socket.pipe(receiver));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { connect } = await import("node:net");
  const socket: Socket = connect((server.address() as { port: number }).port, "127.0.0.1");
  await once(socket, "connect");
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  return { socket, messages, writer: new FrameWriter(socket), ended: once(receiver, "finish") };
}

test("a client reads the frames as they were written, whatever their sizes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(
          fc.constantFrom(0, 3, 40),
          fc.constantFrom(0, 1, 85, 125, 126, 200, 16_384, 16_385, 65_535, 70_000),
          fc.boolean(),
        ),
        { maxLength: 12 },
      ),
      async (frames) => {
        const { socket, messages, writer, ended } = await pair();
        const expected: string[] = [];
        for (const [prefixLength, bodyLength, flushNow] of frames) {
          const [prefix, body] = ["p".repeat(prefixLength), "b".repeat(bodyLength)];
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
