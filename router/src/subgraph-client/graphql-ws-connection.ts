import { createClient, type Client } from "graphql-ws";
import { WebSocket } from "ws";
import { readErrors, readEvent } from "./read-answer.ts";
import { SubgraphFailure } from "./subgraph-failure.ts";
import type { UpstreamLoss, UpstreamSink } from "./upstream-sink.ts";

export interface GraphqlWsLimits {
  /** Until the subgraph has acknowledged the connection. */
  timeoutMs: number;
  /** How long the subgraph may be silent before it is pinged, and then until it answers. */
  heartbeatMs: number;
  messageBytesMax: number;
}

interface Active {
  sink: UpstreamSink;
  isOpen: boolean;
  leave: () => void;
}

/** One socket to a subgraph, by graphql-transport-ws, for as many subscriptions as there are. Once it is lost it is over. */
export class GraphqlWsConnection {
  readonly #client: Client;
  readonly #active = new Set<Active>();
  readonly #onEmpty: () => void;
  #socket: WebSocket | null = null;
  #isAcknowledged = false;
  #timer: NodeJS.Timeout | undefined;
  #isPinged = false;

  /** `onEmpty` is called when the last subscription is over: the socket closes, and must not be given another one. */
  constructor(url: string, headers: Record<string, string>, limits: GraphqlWsLimits, onEmpty: () => void) {
    this.#onEmpty = onEmpty;
    const { timeoutMs, heartbeatMs, messageBytesMax } = limits;
    const opens = (socket: WebSocket) => (this.#socket = socket);
    this.#client = createClient({
      url,
      // In both places: some servers look at the upgrade only, others at the first message only.
      connectionParams: headers,
      webSocketImpl: class extends WebSocket {
        constructor(address: string, protocols: string) {
          super(address, protocols, { headers, maxPayload: messageBytesMax, perMessageDeflate: false });
          opens(this);
        }
      },
      retryAttempts: 0,
      on: {
        connecting: () => (this.#timer = setTimeout(() => this.#timeOut(), timeoutMs)),
        connected: () => this.#acknowledged(heartbeatMs),
        message: () => this.#isAcknowledged && this.#heard(),
        error: (error) => this.#lost(lossOfError(error)),
        // The client itself would come back at once after 1000, and tell nobody.
        closed: (event) => this.#lost(lossOfClose(event as { code: number })),
      },
    });
  }

  subscribe(body: string, sink: UpstreamSink): () => void {
    const active: Active = { sink, isOpen: false, leave: () => {} };
    this.#active.add(active);
    active.leave = this.#client.subscribe(JSON.parse(body) as { query: string }, {
      next: (result) => sink.next(readEvent(result)),
      error: (error) => {
        if (!this.#remove(active)) return;
        if (Array.isArray(error)) sink.failed(readErrors(error));
        else sink.lost(lossOfError(error));
      },
      complete: () => this.#remove(active) && sink.complete(),
    });
    if (this.#isAcknowledged) queueMicrotask(() => this.#open(active));
    return () => {
      active.leave();
      this.#remove(active);
    };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket?.terminate();
  }

  #acknowledged(heartbeatMs: number): void {
    this.#isAcknowledged = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#silent(), heartbeatMs);
    for (const active of this.#active) this.#open(active);
  }

  #open(active: Active): void {
    if (active.isOpen || !this.#active.has(active)) return;
    active.isOpen = true;
    active.sink.opened();
  }

  #lost(loss: UpstreamLoss): void {
    for (const active of this.#active) {
      active.leave();
      this.#remove(active);
      active.sink.lost(loss);
    }
    this.close();
  }

  /** Whether it was there. */
  #remove(active: Active): boolean {
    if (!this.#active.delete(active)) return false;
    if (this.#active.size === 0) this.#onEmpty();
    return true;
  }

  #heard(): void {
    this.#isPinged = false;
    this.#timer?.refresh();
  }

  /** Nothing came for a while: asks for a sign of life, and the next time gives up. */
  #silent(): void {
    if (this.#isPinged) return this.#timeOut();
    this.#isPinged = true;
    this.#socket?.send(`{"type":"ping"}`);
    this.#timer?.refresh();
  }

  #timeOut(): void {
    this.#lost(TIMED_OUT);
  }
}

const TIMED_OUT: UpstreamLoss = {
  failure: new SubgraphFailure("SUBGRAPH_TIMEOUT", "The subgraph did not answer in time"),
  isFinal: false,
  retryAfterMs: 0,
};

/** By which a subgraph says that what it was sent, or how, is wrong: the next time it would be so again. */
const FINAL_CLOSES = new Set([1002, 1003, 1007, 1008, 1009, 1010, 4400, 4406, 4409, 4429, 4500]);

function lossOfClose({ code }: { code: number }): UpstreamLoss {
  const isFinal = FINAL_CLOSES.has(code);
  return isFinal || code === 4401 || code === 4403
    ? refused("The subgraph refused the connection", isFinal)
    : {
        failure: new SubgraphFailure("SUBGRAPH_UNREACHABLE", "The connection to the subgraph was lost"),
        isFinal,
        retryAfterMs: 0,
      };
}

/** Of an event of the socket, or an error of the protocol. */
function lossOfError(thrown: unknown): UpstreamLoss {
  const { error, message = "" } = thrown as { error?: { code?: unknown }; message?: string };
  if (thrown instanceof Error) return refused("The subgraph sent what is no message of the protocol", true, thrown);
  if (error?.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH")
    return refused("The subgraph's message is larger than the limit", true, error);
  const status = Number(/^Unexpected server response: (\d+)$/.exec(message)?.[1] ?? 0);
  if (status !== 0) return refused("The subgraph opens no WebSocket", status < 500 && status !== 429, error);
  if (String(error?.code).startsWith("WS_ERR_") || message.includes("subprotocol"))
    return refused("The subgraph sent what is no message of the protocol", true, error);
  return {
    failure: new SubgraphFailure("SUBGRAPH_UNREACHABLE", "The subgraph cannot be reached", { cause: error }),
    isFinal: false,
    retryAfterMs: 0,
  };
}

function refused(message: string, isFinal: boolean, cause?: unknown): UpstreamLoss {
  return { failure: new SubgraphFailure("SUBGRAPH_BAD_RESPONSE", message, { cause }), isFinal, retryAfterMs: 0 };
}
