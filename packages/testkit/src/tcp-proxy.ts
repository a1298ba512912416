import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** Stands between a client and a server of this machine, and fails as networks do. */
export interface TcpProxy extends AsyncDisposable {
  /** The same address by way of the proxy. */
  through(url: string): string;
  /** Ends all connections there are, without a goodbye. */
  cut(): void;
  /** From now on nothing passes on the connections there are, in either direction, and they stay open. */
  silence(): void;
  /** Whether new connections are ended at once. */
  refuses: boolean;
  readonly connectionsMade: number;
  close(): Promise<void>;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<readonly [Socket, Socket]>();
  let connectionsMade = 0;
  const server = createServer((client) => {
    connectionsMade += 1;
    client.on("error", () => {}); // "close" follows
    if (proxy.refuses) return void client.resetAndDestroy();
    const upstream = connect(Number(port), hostname);
    upstream.on("error", () => {});
    const pair = [client, upstream] as const;
    pairs.add(pair);
    client.pipe(upstream);
    upstream.pipe(client);
    for (const socket of pair)
      socket.on("close", () => {
        pairs.delete(pair);
        for (const one of pair) one.destroy();
      });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const own = (server.address() as AddressInfo).port;
  const cut = () => {
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  };
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      cut();
    });
  const proxy: TcpProxy = {
    through(url) {
      const address = new URL(url);
      address.host = `127.0.0.1:${own}`;
      return address.href;
    },
    cut,
    silence() {
      for (const [client, upstream] of pairs) {
        client.unpipe().pause();
        upstream.unpipe().pause();
      }
    },
    refuses: false,
    get connectionsMade() {
      return connectionsMade;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  return proxy;
}
