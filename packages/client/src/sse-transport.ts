import type { ClientOptions, FormattedExecutionResult, SubscribePayload } from "graphql-ws";
import { EventStreamParser } from "./event-stream-parser.ts";
import { codeOf } from "./subscription-error.ts";
import type { Errors, Loss, SubscriptionSink, Transport } from "./transport.ts";

export interface SseOptions {
  url: string;
  /** Sent as headers. */
  connectionParams: ClientOptions["connectionParams"];
  /** For so long nothing may come, twice, before a stream counts as lost. The router sends heartbeats. */
  keepAliveMs: number;
}

const EVENT_LENGTH_MAX = 64 * 1_048_576;
const UNANSWERED: Errors = [
  { message: "The request for the subscription is not answered.", extensions: { code: "SERVICE_UNAVAILABLE" } },
];
const FORBIDDEN: Loss = { closeCode: 4403, reason: "the credential is not good" };

/** A stream that is over and says nothing of the operation. */
class Lost extends Error {
  readonly loss: Loss;

  constructor(loss: Loss) {
    super(loss.reason);
    this.loss = loss;
  }
}

/**
 * GraphQL over server-sent events, a request for each subscription. They share a fate, as those on a socket do: when one is
 * lost, all go on anew. A small query before them tells whether the router is there and takes the credential.
 */
export function sseTransport({ url, connectionParams, keepAliveMs }: SseOptions): Transport {
  return (events) => {
    const streams = new Set<AbortController>();
    /** Of streams whose response has begun. */
    const heardAtMs = new Map<AbortController, number>();
    let headers: Record<string, string> = {};
    let isOver = false;
    const closing = new AbortController();

    const finish = (): void => {
      isOver = true;
      clearInterval(listening);
      closing.abort();
      for (const stream of streams) leave(stream);
    };
    const leave = (stream: AbortController): void => {
      streams.delete(stream);
      heardAtMs.delete(stream);
      stream.abort();
    };
    const lost = (error: unknown): void => {
      if (isOver) return;
      finish();
      events.lost(error instanceof Lost ? error.loss : { closeCode: null, reason: String(error) });
    };
    const listening = setInterval(() => {
      const silentSinceMs = performance.now() - 2 * keepAliveMs;
      for (const atMs of heardAtMs.values())
        if (atMs < silentSinceMs) return lost(new Lost({ closeCode: null, reason: "it fell silent" }));
    }, keepAliveMs);

    const post = async (payload: SubscribePayload, accept: string, signal: AbortSignal): Promise<Response> => {
      const response = await fetch(url, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json", accept },
        body: JSON.stringify(payload),
        signal,
      });
      if (response.status === 401 || response.status === 403) throw new Lost(FORBIDDEN);
      return response;
    };
    const open = async (): Promise<void> => {
      headers = headersOf(typeof connectionParams === "function" ? await connectionParams() : connectionParams);
      const response = await post(
        { query: "{ __typename }" },
        "application/graphql-response+json, application/json",
        closing.signal,
      );
      await response.text();
      if (response.status >= 500) throw new Lost({ closeCode: null, reason: `the router answers ${response.status}` });
      if (!isOver) events.opened({ resumes: true });
    };
    const follow = async (
      payload: SubscribePayload,
      sink: SubscriptionSink,
      stream: AbortController,
    ): Promise<void> => {
      const heard = () => void (streams.has(stream) && heardAtMs.set(stream, performance.now()));
      const unanswered = setTimeout(() => {
        if (!streams.has(stream)) return;
        // With others that are answered, it may wait in the browser for one of the few connections that a host may have.
        if (heardAtMs.size === 0) return lost(new Lost({ closeCode: null, reason: "the router does not answer" }));
        leave(stream);
        sink.failed(UNANSWERED);
      }, 2 * keepAliveMs);
      const response = await post(payload, "text/event-stream", stream.signal).finally(() => clearTimeout(unanswered));
      heard();
      if (!response.headers.get("content-type")?.startsWith("text/event-stream"))
        return sink.failed(await errorsOf(response));
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      const parser = new EventStreamParser(EVENT_LENGTH_MAX);
      for (;;) {
        const { done, value } = await reader.read();
        if (done) throw new Lost({ closeCode: null, reason: "the stream has ended" });
        heard();
        for (const { name, data } of parser.push(value)) {
          if (stream.signal.aborted) return;
          if (name === "complete") return sink.completed();
          if (name !== "next") continue;
          const result = JSON.parse(data) as FormattedExecutionResult<any>;
          if ("data" in result || result.errors === undefined) sink.next(result);
          else if (codeOf(result.errors) === "CREDENTIAL_INVALID") throw new Lost(FORBIDDEN);
          else return sink.failed(result.errors);
        }
      }
    };

    open().catch(lost);
    return {
      subscribe(payload, sink) {
        const stream = new AbortController();
        streams.add(stream);
        follow(payload, sink, stream)
          .catch((error: unknown) => stream.signal.aborted || lost(error))
          .finally(() => leave(stream));
        return () => leave(stream);
      },
      close: finish,
    };
  };
}

function headersOf(params: Record<string, unknown> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(params ?? {}).map(([name, value]) => [name, String(value)]));
}

/** What a router says in place of a stream. Throws when it is not its answer. */
async function errorsOf(response: Response): Promise<Errors> {
  const body = (await response.json()) as FormattedExecutionResult;
  if (body.errors?.[0] === undefined) throw new Error(`the router answers ${response.status} without a stream`);
  return body.errors;
}
