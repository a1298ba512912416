/** Tick 8/8: the browser gets the event and hands it to the store of quotes, the chart or the inbox. */
import { createClient, type Client } from "graphql-ws";
import { pageConfig } from "./config.ts";
import { accessToken, session } from "./session.ts";
import { createStore } from "./store.ts";

export type Connection = "connecting" | "live" | "lost";

/** The state of the one socket that all subscriptions share. */
export const connection = createStore<Connection>("connecting");

/** Counts the connections made: a component that shows history reads it again when this changes. */
export const connectionsMade = createStore(0);

let client: Client | null = null;

function liveClient(): Client {
  client ??= createClient({
    url: pageConfig().websocketUrl,
    lazy: true,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: async (attempt) => {
      const longest = Math.min(8_000, 250 * 2 ** attempt);
      await new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
    },
    connectionParams: async () => {
      const token = await accessToken();
      return token === null ? {} : { authorization: `Bearer ${token}` };
    },
    keepAlive: 10_000,
    on: {
      connecting: () => connection.set(connectionsMade.get() === 0 ? "connecting" : "lost"),
      connected: () => {
        connection.set("live");
        connectionsMade.set(connectionsMade.get() + 1);
      },
      closed: () => connection.set("lost"),
    },
  });
  return client;
}

// Another user, another connection: what a socket may see is decided when it opens.
let user = session.get()?.user.id;
session.subscribe(() => {
  const now = session.get()?.user.id;
  if (now !== user) client?.terminate();
  user = now;
});

/** Subscribes until the returned function is called; survives reconnects. */
export function subscribe<Data>(
  query: string,
  variables: Record<string, unknown>,
  onData: (data: Data) => void,
  onError: (message: string) => void = () => {},
): () => void {
  return liveClient().subscribe<Data>(
    { query, variables },
    {
      next: ({ data, errors }) => {
        if (data) onData(data);
        if (errors?.[0]) onError(errors[0].message);
      },
      error: (error) =>
        onError(Array.isArray(error) ? (error[0]?.message ?? "The stream ended.") : "The stream ended."),
      complete: () => {},
    },
  );
}
