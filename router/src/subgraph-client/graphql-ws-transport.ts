import { GraphqlWsConnection, type GraphqlWsLimits } from "./graphql-ws-connection.ts";
import type { UpstreamRequest, UpstreamSink, UpstreamTransport } from "./upstream-sink.ts";

/** Subscribes by graphql-transport-ws, over one socket for each caller that the subgraph may tell from others. */
export class GraphqlWsTransport implements UpstreamTransport {
  readonly #url: string;
  readonly #limits: GraphqlWsLimits;
  readonly #connections = new Map<string, GraphqlWsConnection>();

  constructor(url: string, limits: GraphqlWsLimits) {
    this.#url = url;
    this.#limits = limits;
  }

  subscribe({ body, headers, connectionKey }: UpstreamRequest, sink: UpstreamSink): () => void {
    const known = this.#connections.get(connectionKey);
    if (known) return known.subscribe(body, sink);
    const connection = new GraphqlWsConnection(this.#url, headers, this.#limits, () => {
      if (this.#connections.get(connectionKey) === connection) this.#connections.delete(connectionKey);
    });
    this.#connections.set(connectionKey, connection);
    return connection.subscribe(body, sink);
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }
}
