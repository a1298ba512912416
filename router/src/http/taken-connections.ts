import type { Server } from "node:http";
import type { Server as TlsServer } from "node:https";
import type { Socket } from "node:net";

/** A server of `node:http`, in clear or behind TLS. */
export type Http1Server = Server | TlsServer;

export function isTls(server: Http1Server): server is TlsServer {
  return "setSecureContext" in server;
}

/** The event by which a server tells of a connection that requests may come on. */
function connectionEvent(server: Http1Server): "connection" | "secureConnection" {
  return isTls(server) ? "secureConnection" : "connection";
}

/**
 * Has a server's new connections go to `take`, and returns how to give one to whoever had them before: Node's own listener,
 * say, takes a connection over whenever it is called with it.
 */
export function takeConnections(server: Http1Server, take: (socket: Socket) => void): (socket: Socket) => void {
  const event = connectionEvent(server);
  const before = server.listeners(event) as ((socket: Socket) => void)[];
  server.removeAllListeners(event);
  server.on(event, take);
  return (socket) => {
    for (const listener of before) listener.call(server, socket);
  };
}
