import { WebSocket } from "ws";

export interface SubscribedOptions {
  /** Subscriptions on the socket. */
  subscriptions?: number;
  /** What is said about going on with a stream; absent: nothing. */
  stream?: Record<string, unknown>;
}

/** A client that has subscribed: as light as it can be, and the same for every server. */
export async function subscribedSocket(
  url: string,
  onMessage: (data: Buffer) => void,
  { subscriptions = 1, stream }: SubscribedOptions = {},
): Promise<WebSocket> {
  const socket = new WebSocket(url, "graphql-transport-ws", { perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("open", () => socket.send(`{"type":"connection_init"}`));
    socket.once("message", () => {
      const query = `subscription { ticks(symbol: "S") { id price size at note } }`;
      const payload = { query, ...(stream && { extensions: { stream } }) };
      for (let i = 0; i < subscriptions; i++)
        socket.send(JSON.stringify({ id: crypto.randomUUID(), type: "subscribe", payload }));
      resolve();
    });
  });
  socket.on("message", (data) => onMessage(data as Buffer));
  return socket;
}

const OPENED_AT_ONCE = 50;

/** So many of them, opened a few at a time. */
export async function subscribedSockets(
  count: number,
  open: (index: number) => Promise<WebSocket>,
): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(OPENED_AT_ONCE, count - sockets.length) }, (_, i) =>
      open(sockets.length + i),
    );
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}
