import { createClient, type ClientOptions } from "graphql-ws";
import type { Loss, SubscriptionSink, Transport } from "./transport.ts";

export interface WebSocketOptions {
  url: string;
  connectionParams: ClientOptions["connectionParams"];
  /** The class of the sockets. */
  webSocketImpl: unknown;
  /** After so long without a message the router is asked for a sign of life, and has as long again to give one. */
  keepAliveMs: number;
}

type SocketClass = new (url: string, protocols: string) => Socket;

interface Socket {
  addEventListener(type: "error", listener: () => void): void;
  close(code?: number, reason?: string): void;
}

/**
 * graphql-transport-ws by the stock client. Each connection is a client of its own that never retries, so that nothing of an
 * old socket reaches a subscription that goes on elsewhere.
 */
export function webSocketTransport({ url, connectionParams, webSocketImpl, keepAliveMs }: WebSocketOptions): Transport {
  const SocketImpl = webSocketImpl as SocketClass;
  return (events) => {
    let socket: Socket | null = null;
    let isOver = false;
    let heardAtMs = 0;
    let silence: ReturnType<typeof setTimeout> | undefined;
    let subscribed = 0;
    const sinks = new Map<string, SubscriptionSink>();

    const finish = (): void => {
      isOver = true;
      clearTimeout(silence);
      socket?.close(1000, "Normal Closure");
      client.terminate();
    };
    const lost = (loss: Loss): void => {
      if (isOver) return;
      finish();
      events.lost(loss);
    };
    const listen = (): void => {
      clearTimeout(silence);
      silence = setTimeout(
        () => (Date.now() - heardAtMs < keepAliveMs ? listen() : lost({ closeCode: null, reason: "it fell silent" })),
        keepAliveMs,
      );
    };
    const client = createClient({
      url,
      ...(connectionParams && { connectionParams }),
      webSocketImpl: class extends SocketImpl {
        constructor(...args: ConstructorParameters<SocketClass>) {
          super(...args);
          // oxlint-disable-next-line no-this-alias
          socket = this;
          // One of `ws` that is closed before it is open reports an error, when the stock client has stopped listening.
          this.addEventListener("error", () => {});
        }
      },
      lazy: false,
      onNonLazyError: () => {}, // told by the events below
      retryAttempts: 0,
      generateID: () => String(subscribed),
      keepAlive: keepAliveMs,
      on: {
        connected: (_, ack) => !isOver && events.opened({ resumes: canResume(ack) }),
        message: () => (heardAtMs = Date.now()),
        ping: (received) => received || listen(),
        pong: (received, payload) => {
          if (!received) return;
          clearTimeout(silence);
          if (!isOver) tellHeads(payload, sinks);
        },
        error: (error) => lost({ closeCode: null, reason: error instanceof Error ? error.message : "it failed" }),
        closed: (event) => {
          const { code, reason } = event as { code: number; reason: string };
          lost({ closeCode: code, reason });
        },
      },
    });
    return {
      subscribe(payload, sink) {
        const id = String(++subscribed);
        sinks.set(id, sink);
        const leave = client.subscribe<any, Record<string, unknown>>(payload, {
          next: (result) => isOver || sink.next(result),
          // Errors of the connection come here too, and are told by the events above.
          error(errors) {
            sinks.delete(id);
            if (!isOver && Array.isArray(errors)) sink.failed(errors);
          },
          complete() {
            sinks.delete(id);
            if (!isOver) sink.completed();
          },
        });
        return () => {
          sinks.delete(id);
          leave();
        };
      },
      close: finish,
    };
  };
}

function tellHeads(payload: Record<string, unknown> | undefined, sinks: ReadonlyMap<string, SubscriptionSink>): void {
  const heads = (payload?.["stream"] as { heads?: Record<string, string> } | undefined)?.heads ?? {};
  for (const [id, cursor] of Object.entries(heads)) sinks.get(id)?.head(cursor);
}

function canResume(ack: Record<string, unknown> | undefined): boolean {
  return (ack?.["stream"] as { v?: unknown } | undefined)?.v === 1;
}
