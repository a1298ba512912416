/** Tick 8/8: the browser gets the event and hands it to the store of quotes, the chart or the inbox. */
import { createStreamClient, type Gap, type StreamClient } from "@mib/client";
import { pageConfig } from "./config.ts";
import { accessToken, session } from "./session.ts";
import { createStore } from "./store.ts";

/** The state of the one socket that all subscriptions share. */
export const connection = createStore<"connecting" | "live" | "lost">("connecting");

/** What was missed a moment ago. */
export const missed = createStore<Gap | null>(null);

/** Changes when events may have been missed: a component that shows history reads it again then. */
export const historyRound = createStore(0);
const readHistory = () => historyRound.set(historyRound.get() + 1);

const MISSED_SHOWN_MS = 60_000;
/** Gaps of several subscriptions come together: history is read once for those of so long. */
const GAPS_TOGETHER_MS = 1_000;

let client: StreamClient | null = null;

function liveClient(): StreamClient {
  client ??= createStreamClient({
    url: pageConfig().websocketUrl,
    staleAfterMs: 1_000,
    connectionParams: async () => {
      const token = await accessToken();
      return token === null ? {} : { authorization: `Bearer ${token}` };
    },
    onForbidden() {
      // A session that is refused is over; what needs none goes on.
      const hadOne = session.get() !== null;
      session.set(null);
      return hadOne;
    },
    onStale: () => connection.set("lost"),
    onLive() {
      connection.set("live");
      readHistory();
    },
  });
  return client;
}

// Another user, another connection: what a socket may see is decided when it opens.
let user = session.get()?.user.id;
session.subscribe(() => {
  const now = session.get()?.user.id;
  if (now !== user) client?.reconnect();
  user = now;
});

/** Subscribes until the returned function is called; goes on where it was after reconnects. */
export function subscribe<Data>(
  query: string,
  variables: Record<string, unknown>,
  onData: (data: Data) => void,
): () => void {
  return liveClient().subscribe<Data>({ query, variables }, { next: ({ data }) => data && onData(data), onGap }).stop;
}

let reading: ReturnType<typeof setTimeout> | null = null;
let hiding: ReturnType<typeof setTimeout> | undefined;

function onGap(gap: Gap): void {
  // Of a stream without an event so far probably nothing is missing, and history is read again as it is.
  if (gap.reason === "no_cursor") return;
  reading ??= setTimeout(() => {
    reading = null;
    readHistory();
  }, GAPS_TOGETHER_MS);
  missed.set(gap);
  clearTimeout(hiding);
  hiding = setTimeout(() => missed.set(null), MISSED_SHOWN_MS);
}
