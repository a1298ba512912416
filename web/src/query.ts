import { useEffect, useState } from "react";
import { request } from "./api.ts";
import { historyRound } from "./live-client.ts";
import { useStore } from "./store.ts";
import { ApiError } from "./transport.ts";

export interface QueryState<Data> {
  data: Data | null;
  error: string | null;
  loading: boolean;
}

/** Reads a query when its variables change, when events may have been missed, and every so often. Null as query reads nothing. */
export function useQuery<Data>(
  query: string | null,
  variables: Record<string, unknown>,
  everyMs = 0,
): QueryState<Data> & { reload(): void } {
  const [state, setState] = useState<QueryState<Data>>({ data: null, error: null, loading: query !== null });
  const [round, setRound] = useState(0);
  const historyRead = useStore(historyRound);
  const key = JSON.stringify([query, variables]);

  useEffect(() => setState({ data: null, error: null, loading: query !== null }), [key]);
  useEffect(() => {
    if (query === null) return;
    let wanted = true;
    const read = () =>
      request<Data>(query, variables).then(
        (data) => wanted && setState({ data, error: null, loading: false }),
        (error: unknown) =>
          wanted &&
          setState((before) => ({
            ...before,
            error: error instanceof ApiError ? error.message : "Something failed.",
            loading: false,
          })),
      );
    void read();
    const timer = everyMs > 0 ? setInterval(read, everyMs) : undefined;
    return () => {
      wanted = false;
      clearInterval(timer);
    };
  }, [key, round, historyRead, everyMs]);

  return { ...state, reload: () => setRound((before) => before + 1) };
}
