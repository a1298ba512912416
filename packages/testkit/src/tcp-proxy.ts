import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** What passes no more: what the client says, what the server says, or both. */
export type Direction = "TO_SERVER" | "TO_CLIENT" | "BOTH";

/** Stands between a client and a server of this machine, and fails as networks do. */
export interface TcpProxy extends AsyncDisposable {
  /** The same address by way of the proxy. */
  through(url: string): string;
  /** Ends all connections there are, without a goodbye. */
  cut(): void;
  /** From now on nothing passes on the connections there are, and they stay open: half-open ones, which nothing wakes again. */
  silence(direction?: Direction): void;
  /** From now on nothing passes, on new connections either, until `release`; then what was sent meanwhile arrives. */
  hold(direction?: Direction): void;
  release(): void;
  /** Ends the connections that were silenced, without a goodbye. */
  cutSilenced(): void;
  /** Whether new connections are ended at once. */
  refuses: boolean;
  readonly connectionsMade: number;
  close(): Promise<void>;
}

/** One connection: its client's socket and the one to the server. */
interface Pair {
  client: Socket;
  server: Socket;
  silenced: boolean;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<Pair>();
  let connectionsMade = 0;
  let held: Direction | null = null;
  const server = createServer((client) => {
    connectionsMade += 1;
    client.on("error", () => {}); // "close" follows
    if (proxy.refuses) return void client.resetAndDestroy();
    const upstream = connect(Number(port), hostname);
    upstream.on("error", () => {});
    const pair = { client, server: upstream, silenced: false };
    pairs.add(pair);
    pass(pair);
    if (held !== null) stopPassing(pair, held);
    for (const socket of [client, upstream])
      socket.on("close", () => {
        pairs.delete(pair);
        client.destroy();
        upstream.destroy();
      });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const own = (server.address() as AddressInfo).port;
  const cut = (which: (pair: Pair) => boolean) => {
    for (const pair of [...pairs].filter(which)) {
      pair.client.resetAndDestroy();
      pair.server.resetAndDestroy();
    }
  };
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      cut(() => true);
    });
  const proxy: TcpProxy = {
    through(url) {
      const address = new URL(url);
      address.host = `127.0.0.1:${own}`;
      return address.href;
    },
    cut: () => cut(() => true),
    silence(direction = "BOTH") {
      for (const pair of pairs) {
        pair.silenced = true;
        stopPassing(pair, direction);
      }
    },
    hold(direction = "BOTH") {
      held = direction;
      for (const pair of pairs) stopPassing(pair, direction);
    },
    release() {
      held = null;
      for (const pair of pairs) if (!pair.silenced) pass(pair);
    },
    cutSilenced: () => cut(({ silenced }) => silenced),
    refuses: false,
    get connectionsMade() {
      return connectionsMade;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  return proxy;
}

function pass({ client, server }: Pair): void {
  client.unpipe().pipe(server);
  server.unpipe().pipe(client);
}

/** What is not read waits in the kernel, as on a network that takes nothing. */
function stopPassing({ client, server }: Pair, direction: Direction): void {
  if (direction !== "TO_CLIENT") client.unpipe().pause();
  if (direction !== "TO_SERVER") server.unpipe().pause();
}
