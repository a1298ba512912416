import { once } from "node:events";
import { WebSocket } from "ws";

export interface Delivery {
  id: bigint;
  /** From the moment that the trade carries to its arrival here. */
  latencyMs: number;
}

/**
 * One socket with one subscription to the trades of a symbol, by the graphql-transport-ws protocol. Written by hand, because a
 * thousand clients share a core with what they measure.
 */
export class TradeSubscriber {
  readonly #socket: WebSocket;
  readonly symbol: string;
  onDelivery: ((delivery: Delivery) => void) | null = null;

  private constructor(socket: WebSocket, symbol: string) {
    this.#socket = socket;
    this.symbol = symbol;
    socket.on("message", (data: Buffer) => this.#receive(data));
  }

  /** Connects and subscribes. */
  static async open(url: string, symbol: string): Promise<TradeSubscriber> {
    const socket = new WebSocket(url.replace(/^http/, "ws"), "graphql-transport-ws", { perMessageDeflate: false });
    await once(socket, "open");
    socket.send(`{"type":"connection_init"}`);
    await once(socket, "message"); // connection_ack
    const query = `subscription ($symbol: ID!) { trades(symbol: $symbol) { id price size at } }`;
    socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query, variables: { symbol } } }));
    return new TradeSubscriber(socket, symbol);
  }

  close(): void {
    this.#socket.close(1000);
  }

  #receive(data: Buffer): void {
    const nowMs = performance.timeOrigin + performance.now();
    const message = JSON.parse(data.toString()) as {
      type: string;
      payload?: { data?: { trades: { id: string; at: string } }; errors?: unknown };
    };
    if (message.type === "ping") return this.#socket.send(`{"type":"pong"}`);
    if (message.type === "pong") return;
    const trade = message.payload?.data?.trades;
    if (!trade) throw new Error(`the router answered ${data.toString().slice(0, 500)}`);
    this.onDelivery?.({ id: BigInt(trade.id), latencyMs: nowMs - millisecondsOf(trade.at) });
  }
}

/** `Date.parse` forgets what is below a millisecond. */
function millisecondsOf(at: string): number {
  const dot = at.indexOf(".");
  if (dot < 0) return Date.parse(at);
  return Date.parse(`${at.slice(0, dot)}Z`) + Number(`0${at.slice(dot, -1)}`) * 1_000;
}
