import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

/** One client of the venue, as the venue sees it. */
interface VenueClient {
  send(...texts: (string | object)[]): void;
  /** The venue ends the connection, orderly or by letting the line go dead. */
  close(code?: number, reason?: string): void;
  cut(): void;
  /** What the client has said, parsed. */
  readonly said: any[];
}

export interface VenueServerOptions {
  /** Called with each message of a client; says what such a venue says. */
  onMessage(client: VenueClient, message: any): void;
  /** Answers of the REST endpoint by path; a function is asked each time. Undefined: 404. */
  rest(
    path: string,
    query: URLSearchParams,
  ): { status?: number; body: unknown; headers?: Record<string, string> } | null;
  port?: number;
}

export interface VenueServer extends AsyncDisposable {
  readonly websocketUrl: string;
  readonly restUrl: string;
  readonly port: number;
  /** All that ever connected, the last one last. */
  readonly clients: readonly VenueClient[];
  /** Paths that were asked for, with their query. */
  readonly asked: readonly string[];
  stop(): Promise<void>;
}

/** A venue on this machine: WebSocket and REST on one port, and nothing of the adapters that talk to it. */
export async function startVenueServer({ onMessage, rest, port = 0 }: VenueServerOptions): Promise<VenueServer> {
  const clients: VenueClient[] = [];
  const asked: string[] = [];
  const http = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "/", "http://venue");
    asked.push(`${url.pathname}${url.search}`);
    const answer = rest(url.pathname, url.searchParams) ?? { status: 404, body: { message: "NotFound" } };
    response.writeHead(answer.status ?? 200, { "content-type": "application/json", ...answer.headers });
    response.end(JSON.stringify(answer.body));
  });
  const websockets = new WebSocketServer({ server: http });
  websockets.on("connection", (socket) => {
    const said: any[] = [];
    const client: VenueClient = {
      said,
      send: (...texts) => {
        for (const text of texts)
          if (socket.readyState === WebSocket.OPEN) socket.send(typeof text === "string" ? text : JSON.stringify(text));
      },
      close: (code = 1_001, reason = "") => socket.close(code, reason),
      cut: () => socket.terminate(),
    };
    clients.push(client);
    socket.on("error", () => {});
    socket.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString("utf8"));
      said.push(message);
      onMessage(client, message);
    });
  });
  await new Promise<void>((done) => http.listen(port, "127.0.0.1", done));
  const address = http.address() as AddressInfo;
  const stop = async () => {
    for (const socket of websockets.clients) socket.terminate();
    websockets.close();
    http.closeAllConnections();
    await new Promise((done) => http.close(done));
  };
  return {
    websocketUrl: `ws://127.0.0.1:${address.port}`,
    restUrl: `http://127.0.0.1:${address.port}`,
    port: address.port,
    clients,
    asked,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
