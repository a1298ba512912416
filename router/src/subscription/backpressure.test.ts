import { once } from "node:events";
import { createServer as createHttpServer, request, type ServerResponse } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { eventually } from "@mib/testkit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { ResponseWriter } from "../http/subscriptions/response-writer.ts";
import { FrameWriter } from "../websocket/frame-writer.ts";
import { Backpressure, type Outlet } from "./backpressure.ts";

type Write = (bytes: Buffer) => void;

async function listening<Listener extends Server>(server: Listener): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Puts bytes on a socket whose other end takes them at once. */
async function onSocket(): Promise<{ outlet: Outlet; write: Write; drain: Socket }> {
  const port = await listening(createServer((socket) => socket.resume()));
  const drain = connect(port, "127.0.0.1");
  await once(drain, "connect");
  onTestFinished(() => void drain.destroy());
  const outlet = new FrameWriter(drain, null);
  return { outlet, write: (bytes) => outlet.write(Buffer.alloc(0), bytes), drain };
}

async function onResponse(): Promise<{ outlet: Outlet; write: Write; drain: ServerResponse }> {
  const server = createHttpServer();
  const port = await listening(server);
  const asked = request({ port, host: "127.0.0.1" }, (response) => response.resume()).end();
  const [, drain] = (await once(server, "request")) as [unknown, ServerResponse];
  onTestFinished(() => {
    drain.end();
    asked.destroy();
  });
  const outlet = new ResponseWriter({ contentType: "text/plain", opening: "" });
  outlet.attach(drain);
  return { outlet, write: (bytes) => outlet.write(bytes), drain };
}

test.each([
  ["a WebSocket's socket", onSocket],
  ["a response", onResponse],
])("what is held back is given also where %s took all that waited in one turn", async (_, open) => {
  const { outlet, write, drain } = await open();
  const backpressure = new Backpressure(outlet, { bufferBytesMax: 65_536, stallTimeoutMs: 60_000 }, () => {
    throw new Error("stalled");
  });
  drain.on("drain", () => backpressure.release());
  onTestFinished(() => backpressure.close());
  for (let round = 0; round < 20; round++) {
    // Just more than the mark: a socket takes as much at once.
    while (!backpressure.isHigh) write(Buffer.alloc(1_000));
    let given = 0;
    backpressure.giveHeldLater({ giveHeld: () => (given += 1) });
    await eventually(() => expect(given).toBe(1));
  }
});
