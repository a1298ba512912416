import { LightWebSocket } from "./light-web-socket.ts";

export interface SubscribedOptions {
  /** Subscriptions on the socket. */
  subscriptions?: number;
  /** What is said about going on with a stream; absent: nothing. */
  stream?: Record<string, unknown>;
}

/** A client that has subscribed: as light as it can be, and the same for every server. `onMessage` gets bytes that are good until it returns. */
export async function subscribedSocket(
  url: string,
  onMessage: (message: Buffer) => void,
  { subscriptions = 1, stream }: SubscribedOptions = {},
): Promise<LightWebSocket> {
  let acknowledged: (() => void) | null = null;
  const socket = await LightWebSocket.open(url, "graphql-transport-ws", (message) => {
    if (acknowledged === null) return onMessage(message);
    acknowledged();
    acknowledged = null;
  });
  await new Promise<void>((resolve, reject) => {
    acknowledged = resolve;
    socket.onClose(() => reject(new Error("the server ended the connection")));
    socket.send(`{"type":"connection_init"}`);
  });
  const query = `subscription { ticks(symbol: "S") { id price size at note } }`;
  const payload = { query, ...(stream && { extensions: { stream } }) };
  for (let i = 0; i < subscriptions; i++)
    socket.send(JSON.stringify({ id: crypto.randomUUID(), type: "subscribe", payload }));
  return socket;
}

const OPENED_AT_ONCE = 50;

/** So many of them, opened a few at a time. */
export async function subscribedSockets(
  count: number,
  open: (index: number) => Promise<LightWebSocket>,
): Promise<LightWebSocket[]> {
  const sockets: LightWebSocket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(OPENED_AT_ONCE, count - sockets.length) }, (_, i) =>
      open(sockets.length + i),
    );
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}
