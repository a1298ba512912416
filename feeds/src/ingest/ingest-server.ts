import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { GIVEN_BY, putAside } from "@mib/events/dead-letter";
import { encodeHeaders } from "@mib/events/event";
import { type EventProducer, RecordTooLargeError } from "@mib/events/producer";
import { validateValue } from "@mib/events/validate";
import { CodedError } from "@mib/service/coded-error";
import type { Logger } from "@mib/service/log";
import { Idempotency } from "./idempotency.ts";
import { INGEST_KINDS, type IngestKindName } from "./ingest-kind.ts";
import type { IngestKey, IngestKeys } from "./ingest-keys.ts";

export interface IngestAnswer {
  accepted: number;
  rejected: { index: number; reason: string }[];
}

export interface IngestServerOptions {
  keys: IngestKeys;
  producer: EventProducer;
  log: Logger;
  onAccepted?(kind: IngestKindName, count: number): void;
  onRejected?(kind: IngestKindName, count: number): void;
  /** Items that may wait for Kafka before others are refused. */
  waitingMax?: number;
  /** Of bodies that are being read or wait for Kafka, before others are refused. */
  heldBytesMax?: number;
  /** Where the items of a kind go; for tests. */
  topicOf?(kind: IngestKindName): string;
}

const BODY_BYTES_MAX = 1_048_576;
const ITEMS_MAX = 500;
const WAITING_MAX = 5_000;
const HELD_BYTES_MAX = 32 * 1_048_576;
const REQUEST_MS_MAX = 15_000;
const RETRY_AFTER_SECONDS = 1;
const IDEMPOTENCY_KEY_MAX = 200;
const ANSWERS_MAX = 10_000;
const REJECTED_MAX = 100_000;
const ANSWERS_MS_MAX = 24 * 3_600_000;

/**
 * `POST /v1/news`, `/v1/posts` and `/v1/readings` with `x-api-key` take an item or a list of them. An answer of 200 means that
 * Kafka has what was accepted; items that do not fit the schema of their topic are in its dead letters, and the answer says
 * which and why. The same request again with the same `idempotency-key` gets the same answer; the same item has the same id.
 */
export class IngestServer {
  readonly #options: IngestServerOptions;
  readonly #idempotency = new Idempotency<IngestAnswer>({
    entriesMax: ANSWERS_MAX,
    sizeOf: ({ rejected }) => rejected.length,
    sizeMax: REJECTED_MAX,
    ageMsMax: ANSWERS_MS_MAX,
  });
  #waiting = 0;
  #heldBytes = 0;

  constructor(options: IngestServerOptions) {
    this.#options = options;
  }

  /** Items that Kafka does not have yet. */
  get waiting(): number {
    return this.#waiting;
  }

  async listen({ host, port }: { host: string; port: number }): Promise<Server> {
    const server = createServer(
      { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX },
      (request, response) => {
        this.#answer(request).then(
          (answer) => send(response, 200, answer),
          (error: unknown) => this.#refuse(request, response, error),
        );
      },
    );
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
    return server;
  }

  async #answer(request: IncomingMessage): Promise<IngestAnswer> {
    const kind = kindOf(request);
    if (request.method !== "POST") throw new CodedError("METHOD_NOT_ALLOWED", "POST is what is answered here");
    const key = this.#keyOf(request, kind);
    const [type = ""] = (request.headers["content-type"] ?? "").split(";");
    if (type.trim().toLowerCase() !== "application/json") throw new CodedError("UNSUPPORTED_MEDIA_TYPE");
    const held = { bytes: 0 };
    try {
      return await this.#once(request, kind, key, await this.#bodyOf(request, held));
    } finally {
      this.#heldBytes -= held.bytes;
    }
  }

  async #once(request: IncomingMessage, kind: IngestKindName, key: IngestKey, body: Buffer): Promise<IngestAnswer> {
    const idempotencyKey = request.headers["idempotency-key"];
    if (typeof idempotencyKey !== "string") return this.#take(kind, key, body);
    if (idempotencyKey.length > IDEMPOTENCY_KEY_MAX)
      throw new CodedError("BAD_REQUEST", `an idempotency key has at most ${IDEMPOTENCY_KEY_MAX} characters`);
    const name = JSON.stringify([key.name, kind, idempotencyKey]);
    const claim = this.#idempotency.claim(name, createHash("sha256").update(body).digest("hex"));
    if (claim.kind === "REPEATED") return claim.answer;
    if (claim.kind === "CONFLICT") throw new CodedError("IDEMPOTENCY_CONFLICT", claim.reason);
    try {
      const answer = await this.#take(kind, key, body);
      this.#idempotency.settle(name, answer);
      return answer;
    } catch (error) {
      this.#idempotency.release(name);
      throw error;
    }
  }

  #keyOf(request: IncomingMessage, kind: IngestKindName): IngestKey {
    const secret = request.headers["x-api-key"];
    if (typeof secret !== "string") throw new CodedError("UNAUTHENTICATED", "x-api-key is missing");
    const key = this.#options.keys.find(secret);
    if (key === null) throw new CodedError("CREDENTIAL_INVALID", "the API key is not known here");
    if (!key.scopes.includes(kind)) throw new CodedError("FORBIDDEN", `the API key has no scope ${kind}`);
    return key;
  }

  async #bodyOf(request: IncomingMessage, held: { bytes: number }): Promise<Buffer> {
    const { heldBytesMax = HELD_BYTES_MAX } = this.#options;
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) {
      held.bytes += chunk.length;
      this.#heldBytes += chunk.length;
      if (held.bytes > BODY_BYTES_MAX)
        throw new CodedError("REQUEST_TOO_LARGE", `a request has at most ${BODY_BYTES_MAX} bytes`);
      if (this.#heldBytes > heldBytesMax) throw rateLimited();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  async #take(kind: IngestKindName, key: IngestKey, body: Buffer): Promise<IngestAnswer> {
    const { waitingMax = WAITING_MAX, onAccepted, onRejected, log } = this.#options;
    const items = itemsOf(body);
    if (this.#waiting + items.length > waitingMax) throw rateLimited();
    const records = items.map((item) => recordOf(kind, item));
    this.#waiting += records.length;
    // All of them are waited for, also when one has failed: until then they take room.
    const ends = await Promise.allSettled(records.map((record) => this.#send(kind, key, record)));
    this.#waiting -= records.length;
    const rejected: IngestAnswer["rejected"] = [];
    for (const [index, end] of ends.entries()) {
      if (end.status === "rejected") {
        const { reason } = end;
        log.warn({ kind, key: key.name, reason: (reason as Error).message }, "items given in did not reach Kafka");
        throw new CodedError(
          "SERVICE_UNAVAILABLE",
          "Kafka can't be reached: send the same again",
          {},
          { cause: reason },
        );
      }
      if (end.value !== null) rejected.push({ index, reason: end.value });
    }
    const accepted = items.length - rejected.length;
    onAccepted?.(kind, accepted);
    onRejected?.(kind, rejected.length);
    return { accepted, rejected };
  }

  /** Resolves with why an item was not taken, or null. */
  async #send(
    kind: IngestKindName,
    from: IngestKey,
    { key, eventId, value, problem }: ItemRecord,
  ): Promise<string | null> {
    const { producer, topicOf = (name) => INGEST_KINDS[name].topic } = this.#options;
    const topic = topicOf(kind);
    const event = { topic, key, channel: "*", eventId, value };
    let reason = problem;
    if (reason === null) {
      try {
        await producer.send(event);
        return null;
      } catch (error) {
        if (!(error instanceof RecordTooLargeError)) throw error;
        reason = "the item is too large";
      }
    }
    // As it would have been sent: once its value is right, it can be.
    const headers = eventId === "" ? {} : encodeHeaders(event);
    await putAside(producer, topic, { key, value, headers }, reason, { [GIVEN_BY]: from.name });
    return reason;
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const coded = error instanceof CodedError ? error : new CodedError("INTERNAL_ERROR");
    if (!(error instanceof CodedError)) this.#options.log.error({ err: error }, "an ingest request failed");
    if (coded.code === "RATE_LIMITED") response.setHeader("retry-after", String(RETRY_AFTER_SECONDS));
    if (coded.code === "METHOD_NOT_ALLOWED") response.setHeader("allow", "POST");
    // What is left of a body that is too large, or one too many, is not waited for.
    if (["REQUEST_TOO_LARGE", "RATE_LIMITED"].includes(coded.code) && !request.complete)
      response.setHeader("connection", "close");
    send(response, coded.status, { errors: [{ message: coded.message, extensions: { code: coded.code } }] });
  }
}

function kindOf(request: IncomingMessage): IngestKindName {
  const [path = ""] = (request.url ?? "/").split("?", 1);
  const name = /^\/v1\/(\w+)$/.exec(path)?.[1] ?? "";
  if (!Object.hasOwn(INGEST_KINDS, name)) throw new CodedError("NOT_FOUND");
  return name as IngestKindName;
}

function rateLimited(): CodedError {
  return new CodedError("RATE_LIMITED", "too much waits for Kafka", { retryAfterSeconds: RETRY_AFTER_SECONDS });
}

function itemsOf(body: Buffer): unknown[] {
  let json: unknown;
  try {
    json = JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw new CodedError("BAD_REQUEST", "the body is not JSON", {}, { cause: error });
  }
  const items: unknown[] = Array.isArray(json) ? json : [json];
  if (items.length > ITEMS_MAX) throw new CodedError("REQUEST_TOO_LARGE", `a request has at most ${ITEMS_MAX} items`);
  return items;
}

/** An item as Kafka gets it, and why it does not fit its schema. */
interface ItemRecord {
  key: string | null;
  eventId: string;
  value: string;
  problem: string | null;
}

function recordOf(kind: IngestKindName, item: unknown): ItemRecord {
  const { topic, key, id } = INGEST_KINDS[kind];
  const fields = typeof item === "object" && item !== null ? (item as Record<string, unknown>) : null;
  try {
    const eventId = fields === null ? "" : id(fields);
    const value = JSON.stringify(fields === null ? item : { ...fields, id: eventId });
    const validation = validateValue(topic, value);
    const problem = validation.ok ? (fields === null ? "the item is no object" : null) : validation.reason;
    return { key: fields === null ? null : key(fields), eventId, value, problem };
  } catch (error) {
    // Texts that nest some thousand times can be read and not be written again.
    if (!(error instanceof RangeError)) throw error;
    throw new CodedError("BAD_REQUEST", "an item is nested too deeply", {}, { cause: error });
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}
