import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { EventProducer } from "@mib/events/producer";
import { CodedError } from "@mib/service/coded-error";
import type { Logger } from "@mib/service/log";
import type { ErrorCode } from "@mib/service/error-catalogue";
import { readItem } from "./ingest-item.ts";
import { INGEST_KINDS, type IngestKindName } from "./ingest-kind.ts";
import type { IngestKey, IngestKeys } from "./ingest-keys.ts";
import { answerEvent, type IngestMemory } from "./ingest-memory.ts";
import { readBody } from "./request-body.ts";
import { sendItem } from "./send-item.ts";

export interface IngestAnswer {
  accepted: number;
  rejected: { index: number; code: ErrorCode; reason: string }[];
}

export interface IngestServerOptions {
  keys: IngestKeys;
  producer: EventProducer;
  /** Nothing is taken in before it is whole. */
  memory: IngestMemory;
  log: Logger;
  onAccepted?(kind: IngestKindName, count: number): void;
  onRejected?(kind: IngestKindName, count: number): void;
  /** Items that may wait for Kafka before others are refused. */
  waitingMax?: number;
  /** Of bodies that are being read or wait for Kafka, before others are refused. */
  heldBytesMax?: number;
  /** Where the items of a kind go, and the answers; for tests. */
  topicOf?(kind: IngestKindName): string;
  answersTopic?: string;
}

const BODY_BYTES_MAX = 1_048_576;
const ITEMS_MAX = 500;
const WAITING_MAX = 5_000;
const HELD_BYTES_MAX = 32 * 1_048_576;
const REQUEST_MS_MAX = 15_000;
const RETRY_AFTER_SECONDS = 1;
const IDEMPOTENCY_KEY_MAX = 200;

/**
 * `POST /v1/news`, `/v1/posts`, `/v1/readings` and `/v1/sensors` with `x-api-key` take an item or a list of them. An answer of
 * 200 means that Kafka has what was accepted; items that are not as they must be are in the dead letters of their topic, and the
 * answer says which and why. The same request again with the same `idempotency-key` gets the same answer, also after a restart;
 * the same item has the same id.
 */
export class IngestServer {
  readonly #options: IngestServerOptions;
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
    if (!this.#options.memory.isWhole)
      throw new CodedError("SERVICE_UNAVAILABLE", "what was defined and answered before is still being read");
    let held = 0;
    const hold = (bytes: number) => {
      held += bytes;
      this.#heldBytes += bytes;
    };
    try {
      const body = await readBody(request, BODY_BYTES_MAX, {
        take: (bytes) => {
          hold(bytes);
          if (this.#heldBytes > (this.#options.heldBytesMax ?? HELD_BYTES_MAX)) throw rateLimited();
        },
        give: (bytes) => hold(-bytes),
      });
      return await this.#once(request, kind, key, body);
    } finally {
      this.#heldBytes -= held;
    }
  }

  async #once(request: IncomingMessage, kind: IngestKindName, key: IngestKey, body: Buffer): Promise<IngestAnswer> {
    const idempotencyKey = request.headers["idempotency-key"];
    if (typeof idempotencyKey !== "string") return this.#take(kind, key, body);
    if (idempotencyKey === "" || idempotencyKey.length > IDEMPOTENCY_KEY_MAX)
      throw new CodedError("BAD_REQUEST", `an idempotency key has 1 to ${IDEMPOTENCY_KEY_MAX} characters`);
    const { answers } = this.#options.memory;
    const name = JSON.stringify([key.name, kind, idempotencyKey]);
    const bodyHash = createHash("sha256").update(body).digest("hex");
    const claim = answers.claim(name, bodyHash);
    if (claim.kind === "REPEATED") return claim.answer;
    if (claim.kind === "CONFLICT") throw new CodedError("IDEMPOTENCY_CONFLICT", claim.reason);
    try {
      const answer = await this.#take(kind, key, body);
      // Before it is given: whoever has it may rely on it.
      await this.#keep(name, bodyHash, answer);
      answers.settle(name, answer);
      return answer;
    } catch (error) {
      answers.release(name);
      throw error;
    }
  }

  async #keep(name: string, bodyHash: string, answer: IngestAnswer): Promise<void> {
    const { producer, answersTopic } = this.#options;
    const event = answerEvent(name, bodyHash, new Date(), answer);
    try {
      await producer.send(answersTopic === undefined ? event : { ...event, topic: answersTopic });
    } catch (error) {
      throw kafkaIsAway(error);
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

  async #take(kind: IngestKindName, key: IngestKey, body: Buffer): Promise<IngestAnswer> {
    const { waitingMax = WAITING_MAX, onAccepted, onRejected, log, memory, producer } = this.#options;
    const { topicOf = (name) => INGEST_KINDS[name].topic } = this.#options;
    const items = itemsOf(body);
    if (this.#waiting + items.length > waitingMax) throw rateLimited();
    const around = { sensors: memory.sensors, beingDefined: new Set<string>(), nowMs: Date.now() };
    const records = items.map((item) => readItem(kind, item, around));
    const way = { producer, memory, kind, topic: topicOf(kind), givenBy: key.name };
    this.#waiting += records.length;
    // All of them are waited for, also when one has failed: until then they take room.
    const ends = await Promise.allSettled(records.map((record) => sendItem(record, way)));
    this.#waiting -= records.length;
    const rejected: IngestAnswer["rejected"] = [];
    for (const [index, end] of ends.entries()) {
      if (end.status === "rejected") {
        const { reason } = end;
        log.warn({ kind, key: key.name, reason: (reason as Error).message }, "items given in did not reach Kafka");
        throw kafkaIsAway(reason);
      }
      if (end.value !== null) rejected.push({ index, ...end.value });
    }
    const accepted = items.length - rejected.length;
    onAccepted?.(kind, accepted);
    onRejected?.(kind, rejected.length);
    return { accepted, rejected };
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

function kafkaIsAway(cause: unknown): CodedError {
  return new CodedError("SERVICE_UNAVAILABLE", "Kafka can't be reached: send the same again", {}, { cause });
}

function itemsOf(body: Buffer): unknown[] {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    throw new CodedError("BAD_REQUEST", "the body is not JSON in UTF-8", {}, { cause: error });
  }
  const items: unknown[] = Array.isArray(json) ? json : [json];
  if (items.length > ITEMS_MAX) throw new CodedError("REQUEST_TOO_LARGE", `a request has at most ${ITEMS_MAX} items`);
  return items;
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}
