import { useEffect, useState } from "react";
import { connection } from "../live-client.ts";
import type { LiveQuote } from "../quotes.ts";
import { useStore } from "../store.ts";

const QUIET_MS_MAX = 15_000;

/** Whether a price may no longer hold: the feed says so, the connection is lost, or nothing came for 15 seconds. */
export function useStale(quote: LiveQuote | null): boolean {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const lost = useStore(connection) !== "live";
  if (quote === null) return false;
  return lost || quote.stale || now - quote.receivedAtMs > QUIET_MS_MAX;
}
