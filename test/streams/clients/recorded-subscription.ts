import type { Observation, Received, SubscriptionHistory } from "../check/history.ts";

/** What a client asks for, and how an event of it is told from others. */
export interface WantedStream {
  name: string;
  delivery: "EVERY" | "LATEST";
  query: string;
  variables: Record<string, unknown>;
  channels: readonly string[];
  read(data: any): { channel: string; id: string; value: string };
}

/** A result as stock clients hand it on. */
export interface StreamResult {
  data?: any;
  errors?: readonly { message: string }[] | undefined;
  extensions?: any;
}

/** One subscription of a client over all its connections: keeps the cursor, and notes what it was sent. */
export class RecordedSubscription {
  readonly wanted: WantedStream;
  /** `extensions.stream` of the subscribe message: the stock clients send the same object again on each retry. */
  readonly request: { after?: string } = { after: "start" };
  receivedCount = 0;
  #observations: Observation[] = [];
  #had = new Map<string, string>();
  #hadCursor: string | null = null;
  readonly #last = new Map<string, string>();

  constructor(wanted: WantedStream) {
    this.wanted = wanted;
  }

  subscribed(after: string | null): void {
    this.#observations.push({ kind: "SUBSCRIBED", after });
  }

  received({ data, errors, extensions }: StreamResult): void {
    const { cursor, gap, conflated, recovered, replayed, reason } = extensions?.stream ?? {};
    const event: Received = {
      kind: "RECEIVED",
      ...this.#read(data, errors),
      cursor: cursor ?? null,
      gap: gap ?? null,
      conflated: conflated ?? 0,
      verdict: recovered === undefined ? null : { recovered, replayed: replayed ?? null, reason: reason ?? null },
    };
    this.#observations.push(event);
    this.receivedCount += 1;
    this.#last.set(event.channel, event.id);
    if (event.cursor !== null) this.request.after = event.cursor;
  }

  #read(data: any, errors: StreamResult["errors"]): { channel: string; id: string; value: string } {
    try {
      return this.wanted.read(data);
    } catch {
      const reason = errors?.map(({ message }) => message).join("; ") ?? "no data";
      return { channel: this.wanted.channels[0]!, id: `unreadable (${reason})`, value: "" };
    }
  }

  head(cursor: string): void {
    this.#observations.push({ kind: "HEAD", cursor });
  }

  /** What can't be gone on with is begun anew. */
  ended(error: { message?: string; extensions?: any }): void {
    const { code = error.message ?? "unknown", reason = null } = error.extensions ?? {};
    this.#observations.push({ kind: "ENDED", code, reason });
    if (code === "STREAM_NOT_RECOVERED") delete this.request.after;
  }

  /** The last event that came of a channel. */
  lastOf(channel: string): string | null {
    return this.#last.get(channel) ?? null;
  }

  /** Whether it has a place in its stream: one that began anew has none until an event comes. */
  get hasPlace(): boolean {
    return this.request.after !== undefined;
  }

  /** All that was noted since the last time. */
  takeHistory(): SubscriptionHistory {
    const { name, delivery, channels } = this.wanted;
    const history = {
      name,
      delivery,
      channels,
      had: this.#had,
      hadCursor: this.#hadCursor,
      observations: this.#observations,
    };
    this.#observations = [];
    this.#had = new Map(this.#last);
    const { after = null } = this.request;
    this.#hadCursor = after === "start" ? null : after;
    return history;
  }
}
