import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import type { Logger } from "@mib/service/log";
import { Backoff, type BackoffOptions } from "./backoff.ts";
import { VenueMessageError } from "./message-fields.ts";
import { ResyncNeeded, type VenueLine } from "./venue.ts";

export interface ConnectionStatus {
  state: "CONNECTING" | "CONNECTED" | "WAITING";
  /** RFC 3339; of the state. */
  since: string;
  attempts: number;
  /** Why the last connection ended or could not be made. */
  lastEnd: string | null;
  messages: number;
}

export interface VenueConnectionOptions {
  log: Logger;
  signal: AbortSignal;
  backoff: BackoffOptions;
  /** Null while records may be written; else what to wait for. */
  room(): Promise<void> | null;
  /** Every message as it came in, before it is read. */
  onRaw?(text: string, receivedNanos: bigint): void;
  onBadMessage(): void;
  onConnected(connected: boolean): void;
}

const OPEN_MS_MAX = 10_000;
const CLOSE_MS_MAX = 1_000;
const MESSAGE_BYTES_MAX = 32 * 1_024 * 1_024;
const UNSAID_MAX = 1_000;
/** Of one connection; more of them are counted only. */
const WARNINGS_MAX = 10;

/**
 * Holds one WebSocket of a venue: connects, says the subscriptions at the venue's pace, hands messages on, and begins anew
 * after a break, a silence, a resync or the end of its lifetime, with a growing, jittered wait. While the engine takes nothing
 * the socket is not read.
 */
export class VenueConnection {
  readonly #line: VenueLine;
  readonly #options: VenueConnectionOptions;
  readonly #status: ConnectionStatus;

  constructor(line: VenueLine, options: VenueConnectionOptions) {
    this.#line = line;
    this.#options = options;
    this.#status = { state: "WAITING", since: new Date().toISOString(), attempts: 0, lastEnd: null, messages: 0 };
  }

  get status(): Readonly<ConnectionStatus> {
    return this.#status;
  }

  /** Runs until the signal is aborted. Fails only for a mistake of our own. */
  async run(): Promise<void> {
    const { signal, log } = this.#options;
    const backoff = new Backoff(this.#options.backoff);
    while (!signal.aborted) {
      this.#enter("CONNECTING");
      this.#status.attempts += 1;
      const { reason, heldMs } = await this.#hold();
      this.#status.lastEnd = reason;
      this.#enter("WAITING");
      if (signal.aborted) return;
      const waitMs = Math.round(backoff.nextMs(heldMs));
      const words = heldMs > 0 ? "the connection to the venue ended" : "the venue can't be reached";
      log.warn({ line: this.#line.name, url: this.#line.url, reason, retryInMs: waitMs }, words);
      await delay(waitMs, undefined, { signal }).catch(() => {});
    }
  }

  #enter(state: ConnectionStatus["state"]): void {
    if ((state === "CONNECTED") !== (this.#status.state === "CONNECTED"))
      this.#options.onConnected(state === "CONNECTED");
    this.#status.state = state;
    this.#status.since = new Date().toISOString();
  }

  /** One connection, from its attempt to its end. */
  #hold(): Promise<{ reason: string; heldMs: number }> {
    const line = this.#line;
    const { signal, log, room, onRaw, onBadMessage } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<{ reason: string; heldMs: number }>();
    const socket = new WebSocket(line.url, {
      handshakeTimeout: OPEN_MS_MAX,
      maxPayload: MESSAGE_BYTES_MAX,
      perMessageDeflate: false,
    });
    let openedAt = 0;
    let heardAt = performance.now();
    let over = false;
    let paused = false;
    let warnings = 0;
    const timers: NodeJS.Timeout[] = [];
    const unsaid: string[] = [];

    const end = (reason: string, failure?: unknown) => {
      if (over) return;
      over = true;
      for (const timer of timers) clearInterval(timer);
      signal.removeEventListener("abort", onAbort);
      socket.removeAllListeners();
      socket.on("error", () => {});
      if (socket.readyState === WebSocket.OPEN) {
        socket.close(1_000);
        setTimeout(() => socket.terminate(), CLOSE_MS_MAX).unref();
      } else socket.terminate();
      if (openedAt > 0) line.disconnected(nowNanos());
      if (failure === undefined) resolve({ reason, heldMs: openedAt > 0 ? performance.now() - openedAt : 0 });
      else reject(failure);
    };
    const onAbort = () => end("the feed ends");
    const say = (text: string) => {
      if (unsaid.length >= UNSAID_MAX) throw new ResyncNeeded(`${UNSAID_MAX} messages wait to be sent`);
      unsaid.push(text);
    };
    const heard = () => (heardAt = performance.now());

    if (signal.aborted) {
      end("the feed ends");
      return promise;
    }
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", (error) => end(error.message || String(error)));
    socket.on("close", (code, reason) => end(`closed by the venue: ${code} ${reason.toString("utf8")}`.trim()));
    socket.on("ping", () => line.proofOfLife === "PONG" && heard());
    socket.on("pong", () => line.proofOfLife === "PONG" && heard());
    socket.on("open", () => {
      openedAt = heardAt = performance.now();
      this.#enter("CONNECTED");
      log.info({ line: line.name, url: line.url }, "connected to the venue");
      for (const greeting of line.greetings) say(greeting);
      const speak = () => {
        const text = unsaid.shift();
        if (text !== undefined) socket.send(text);
      };
      speak();
      timers.push(
        setInterval(speak, Math.ceil(1_000 / line.sendsPerSecondMax)),
        setInterval(() => socket.ping(), line.silenceMsMax / 3),
        setInterval(() => {
          if (!paused && performance.now() - heardAt > line.silenceMsMax) end(`silent for ${line.silenceMsMax} ms`);
        }, line.silenceMsMax / 4),
        setTimeout(() => end("as old as a connection may be"), line.lifetimeMsMax),
      );
    });
    socket.on("message", (data: Buffer) => {
      heard();
      this.#status.messages += 1;
      const text = data.toString("utf8");
      const receivedNanos = nowNanos();
      try {
        onRaw?.(text, receivedNanos);
        line.message(text, receivedNanos, say);
      } catch (error) {
        if (error instanceof ResyncNeeded) return end(error.message);
        if (!(error instanceof VenueMessageError || error instanceof RangeError)) return end("a mistake", error);
        onBadMessage();
        if ((warnings += 1) <= WARNINGS_MAX)
          log.warn(
            { line: line.name, reason: error.message, text: text.slice(0, 200) },
            "a message of the venue could not be read",
          );
      }
      const full = paused ? null : room();
      if (full === null) return;
      paused = true;
      socket.pause();
      full.then(
        () => {
          paused = false;
          heard();
          socket.resume();
        },
        (error: unknown) => (signal.aborted ? end("the feed ends") : end("the engine's session failed", error)),
      );
    });
    return promise;
  }
}

/** Nanoseconds since 1970 by this machine's clock, never going back while the process lives. */
export function nowNanos(): bigint {
  return BigInt(Math.floor((performance.timeOrigin + performance.now()) * 1_000)) * 1_000n;
}
