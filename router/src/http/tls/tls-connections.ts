import { X509Certificate } from "node:crypto";
import type { Server } from "node:https";
import type { Socket } from "node:net";
import { isDeepStrictEqual } from "node:util";
import type { KeyPair } from "./key-pair.ts";

/** The connections below TLS, those too that have not agreed on anything yet. */
export class TlsConnections {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #keyPair: KeyPair;

  constructor(server: Server, keyPair: KeyPair) {
    this.#server = server;
    this.#keyPair = keyPair;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    // By itself the server would tell whoever fails to agree so in HTTP.
    server.removeAllListeners("tlsClientError");
    server.on("tlsClientError", (_error, socket) => socket.destroy());
  }

  get certificateEndsAt(): Date {
    return new X509Certificate(this.#keyPair.certificate).validToDate;
  }

  useKeyPair(keyPair: KeyPair): void {
    // Clients could not go on with their sessions: not for nothing.
    if (isDeepStrictEqual(keyPair, this.#keyPair)) return;
    this.#server.setSecureContext({ cert: keyPair.certificate, key: keyPair.privateKey });
    this.#keyPair = keyPair;
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
