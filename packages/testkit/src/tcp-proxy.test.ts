import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "./eventually.ts";
import { startTcpProxy } from "./tcp-proxy.ts";

/** An echo behind a proxy, and a client of it that keeps what it hears. */
async function echo() {
  const heardByServer: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {}).pipe(socket);
    socket.on("data", (data) => heardByServer.push(String(data)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const proxy = await startTcpProxy(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => proxy.close());
  const dial = () => {
    const heard: string[] = [];
    const { hostname, port } = new URL(proxy.through("http://localhost:1/"));
    const socket: Socket = connect(Number(port), hostname);
    socket.on("data", (data) => heard.push(String(data))).on("error", () => {});
    onTestFinished(() => void socket.destroy());
    return { socket, heard };
  };
  return { proxy, server: heardByServer, dial };
}

test("a proxy passes on what comes, until it is cut", async () => {
  const { proxy, dial } = await echo();
  const { socket, heard } = dial();
  socket.write("one");
  await eventually(() => expect(heard.join("")).toBe("one"));
  proxy.cut();
  await eventually(() => expect(socket.destroyed).toBe(true));
});

test("a silenced connection stays open and hears nothing, and a new one is served", async () => {
  const { proxy, dial } = await echo();
  const [old, other] = [dial(), dial()];
  old.socket.write("one");
  await eventually(() => expect(old.heard.join("")).toBe("one"));
  proxy.silence();
  old.socket.write("two");
  other.socket.destroy();
  const { socket, heard } = dial();
  socket.write("three");
  await eventually(() => expect(heard.join("")).toBe("three"));
  expect(old.heard.join("")).toBe("one");
  expect(old.socket.destroyed).toBe(false);
});

test("what a silenced direction no longer brings, the other one does", async () => {
  const { proxy, server, dial } = await echo();
  const { socket, heard } = dial();
  socket.write("one");
  await eventually(() => expect(heard.join("")).toBe("one"));
  proxy.silence("TO_CLIENT");
  socket.write("two");
  await eventually(() => expect(server.join("")).toBe("onetwo"));
  expect(heard.join("")).toBe("one");
  proxy.release();
  proxy.cutSilenced();
  await eventually(() => expect(socket.destroyed).toBe(true));
  expect(heard.join("")).toBe("one");
});

test("what was sent while a proxy held it arrives when it is released, on connections made meanwhile too", async () => {
  const { proxy, server, dial } = await echo();
  const old = dial();
  old.socket.write("one");
  await eventually(() => expect(old.heard.join("")).toBe("one"));
  proxy.hold("TO_SERVER");
  const fresh = dial();
  old.socket.write("two");
  fresh.socket.write("three");
  await eventually(() => expect(proxy.connectionsMade).toBe(2));
  expect(server.join("")).toBe("one");
  proxy.release();
  await eventually(() => expect([old.heard.join(""), fresh.heard.join("")]).toEqual(["onetwo", "three"]));
});

test("one that refuses ends what comes new", async () => {
  const { proxy, dial } = await echo();
  proxy.refuses = true;
  const { socket } = dial();
  await eventually(() => expect(socket.destroyed).toBe(true));
  expect(proxy.connectionsMade).toBe(1);
});
