import type { CallerIdentity } from "@mib/identity/caller-identity";
import { CodedError } from "@mib/service/coded-error";
import { z } from "zod";
import type { Caller } from "./caller.ts";

const answerSchema = z.object({
  subject: z.string().min(1),
  roles: z.array(z.string()).default([]),
  scopes: z.array(z.string()).default([]),
  keyId: z.string().min(1).optional(),
});

const KEYS_CACHED_MAX = 10_000;
const KEY = /^[A-Za-z0-9_-]{16,256}$/;

interface Known {
  caller: Promise<Caller>;
  untilMs: number;
}

/**
 * Verifies API keys by asking whoever owns them. An answer, good or bad, is kept for at most `cacheMs`, so a revoked key
 * that no revocation is heard of ends within that time; requests with the same key at the same time ask once.
 */
export class ApiKeyVerifier {
  readonly #url: string;
  readonly #headers: () => Record<string, string> | Promise<Record<string, string>>;
  readonly #cacheMs: number;
  readonly #timeoutMs: number;
  readonly #known = new Map<string, Known>();

  constructor({
    url,
    headers,
    cacheMs,
    timeoutMs,
  }: {
    url: string;
    headers: () => Record<string, string> | Promise<Record<string, string>>;
    cacheMs: number;
    timeoutMs: number;
  }) {
    this.#url = url;
    this.#headers = headers;
    this.#cacheMs = cacheMs;
    this.#timeoutMs = timeoutMs;
  }

  /** Rejects with CREDENTIAL_INVALID, or SERVICE_UNAVAILABLE when nobody answers. */
  verify(key: string): Promise<Caller> {
    const known = this.#known.get(key);
    if (known && known.untilMs > Date.now()) return known.caller;
    this.#known.delete(key);
    const caller = this.#ask(key);
    if (this.#known.size >= KEYS_CACHED_MAX) this.#known.delete(this.#known.keys().next().value as string);
    this.#known.set(key, { caller, untilMs: Date.now() + this.#cacheMs });
    caller.catch((error: unknown) => {
      // That nobody answered says nothing about the key.
      if (!(error instanceof CodedError) || error.code !== "CREDENTIAL_INVALID") this.#known.delete(key);
    });
    return caller;
  }

  async #ask(key: string): Promise<Caller> {
    if (!KEY.test(key)) throw new CodedError("CREDENTIAL_INVALID");
    const askedAtMs = Date.now();
    let response: Response;
    let body: unknown;
    try {
      response = await fetch(this.#url, {
        method: "POST",
        headers: { "content-type": "application/json", ...(await this.#headers()) },
        body: JSON.stringify({ key }),
        redirect: "error",
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      body = response.status === 200 ? await response.json() : await response.body?.cancel();
    } catch (error) {
      throw new CodedError("SERVICE_UNAVAILABLE", "API keys cannot be verified now.", {}, { cause: error });
    }
    if (response.status === 401 || response.status === 404) throw new CodedError("CREDENTIAL_INVALID");
    const answer = response.status === 200 ? answerSchema.safeParse(body) : null;
    if (!answer?.success) throw new CodedError("SERVICE_UNAVAILABLE", "API keys cannot be verified now.");
    const { subject, roles, scopes, keyId } = answer.data;
    const identity: CallerIdentity = Object.freeze({
      subject,
      roles: Object.freeze(roles),
      scopes: Object.freeze(scopes),
      credential: "api_key",
      sessionId: null,
    });
    return Object.freeze({
      identity,
      expiresAtMs: null,
      issuedAtMs: askedAtMs,
      revocableAs: Object.freeze([`USER:${subject}`, ...(keyId === undefined ? [] : [`API_KEY:${keyId}`])]),
    });
  }
}
