import { createClient, type Client } from "graphql-ws";
import { WebSocket } from "ws";

export interface GraphQLAnswer {
  status: number;
  data?: any;
  errors?: { message: string; path?: (string | number)[]; extensions?: { code?: string; service?: string } }[];
}

/** Sends one operation to an endpoint, as any HTTP client would. */
export async function graphql(
  url: string,
  query: string,
  { variables, headers }: { variables?: Record<string, unknown>; headers?: Record<string, string> } = {},
): Promise<GraphQLAnswer> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/graphql-response+json, application/json",
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, ...((await response.json()) as Omit<GraphQLAnswer, "status">) };
}

/** A stock graphql-ws client. It retries for ever, as an app would. */
export function streamClient(url: string, connectionParams: Record<string, unknown> = {}): Client {
  return createClient({
    url: url.replace(/^http/, "ws"),
    webSocketImpl: WebSocket,
    connectionParams,
    retryAttempts: 1_000,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 100)),
    shouldRetry: () => true,
  });
}

export interface Collected {
  values: any[];
  errors: unknown[];
  stop(): void;
}

/** Subscribes and keeps everything that comes. */
export function collect(client: Client, query: string, variables: Record<string, unknown> = {}): Collected {
  const collected: Collected = { values: [], errors: [], stop: () => {} };
  collected.stop = client.subscribe(
    { query, variables },
    {
      next: (result) => {
        if (result.errors) collected.errors.push(...result.errors);
        if (result.data) collected.values.push(result.data);
      },
      error: (error: unknown) => void collected.errors.push(error),
      complete: () => {},
    },
  );
  return collected;
}
