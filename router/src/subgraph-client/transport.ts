/** What an answer's head says, as far as it matters here. */
export interface AnswerHead {
  status: number;
  /** Null where the length is not told beforehand. */
  contentLength: number | null;
  contentEncoding: string | undefined;
  retryAfter: string | undefined;
}

/** Takes one answer, or the reason why there is none: `onEnd` or `onError` comes once and last. */
export interface AnswerHandler {
  onHead(head: AnswerHead): void;
  /** A part of the body; the bytes are the handler's. */
  onData(bytes: Buffer): void;
  /** The rest of the body, whose bytes are good until this returns. */
  onEnd(rest: Buffer | null): void;
  onError(error: unknown): void;
}

/** A request that was sent, or waits for a connection. */
export interface SentRequest {
  /** Gives it up: nothing more is heard of it, and its connection is not used again. */
  abort(): void;
}

/** Posts bodies to one address. */
export interface Transport {
  /** `repeatable`: the request changes nothing, so it may be sent again when its connection turns out to be closed. */
  post(
    body: string,
    headers: Readonly<Record<string, string>>,
    repeatable: boolean,
    handler: AnswerHandler,
  ): SentRequest;
  close(): Promise<void>;
}

/** What every transport is told. */
export interface TransportOptions {
  url: URL;
  connectionsMax: number;
  connectTimeoutMs: number;
}

/** What each request says beside the headers that rules and identity add. */
export const REQUEST_HEADERS = {
  "content-type": "application/json",
  accept: "application/graphql-response+json, application/json;q=0.9",
} as const;
