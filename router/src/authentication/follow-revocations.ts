import type { Logger } from "@mib/service/log";
import { z } from "zod";
import type { Delivery } from "../streams/delivery.ts";
import { Subscriber } from "../streams/group.ts";
import type { StreamHub } from "../streams/hub.ts";
import type { Revocations } from "./revocations.ts";

export interface RevocationStream {
  topic: string;
  channel: string;
}

const eventSchema = z.object({
  kind: z.enum(["SESSION", "API_KEY", "USER"]),
  target: z.string().min(1),
  at: z.string().refine((text) => !Number.isNaN(Date.parse(text))),
});

export interface FollowedRevocations {
  /** Whether those before now are known, and those that come were heard of since then. */
  readonly isHeard: boolean;
  close(): void;
}

/** For so long the store may be away while streams are opened as if nothing were revoked. */
const AWAY_MS_MAX = 5_000;
const CHECK_MS = 500;
const AGAIN_MS = 1_000;

/** Takes revocations from a stream, those that its window has first; after the store was away, those that came meanwhile. */
export function followRevocations(
  { topic, channel }: RevocationStream,
  {
    hub,
    source,
    revocations,
    log,
  }: {
    hub: StreamHub;
    source: { hears(topic: string, channel: string): boolean };
    revocations: Revocations;
    log: Logger;
  },
): FollowedRevocations {
  let heardAtMs = Date.now();
  let hears = false;
  let isHeard = false;
  const check = setInterval(() => {
    if (hears && source.hears(topic, channel)) heardAtMs = Date.now();
  }, CHECK_MS).unref();
  revocations.followed(() => Date.now() - heardAtMs <= AWAY_MS_MAX);
  const spec = {
    key: `revocations of ${topic}/${channel}`,
    topic,
    channels: [channel],
    filters: [],
    delivery: "EVERY",
    snapshot: "NONE",
    selfContained: true,
    cursor: null,
    execute: (payload: unknown) => Promise.resolve(JSON.stringify(payload)),
  } as const;
  let leave = () => {};
  let again: NodeJS.Timeout | null = null;
  const begin = () => {
    hears = false;
    const subscriber = new RevocationSubscriber({
      started() {
        hears = true;
        isHeard = true;
        heardAtMs = Date.now();
      },
      failed: (error) => {
        log.error(
          { err: error, topic },
          "revocations were missed: access tokens that they are about are good until they expire",
        );
        leave();
        // What was heard before may be heard again.
        again = setTimeout(begin, AGAIN_MS);
      },
      deliver: (delivery) => {
        if (delivery.gap) log.error({ gap: delivery.gap, topic }, "revocations were missed");
        const event = eventSchema.safeParse(JSON.parse(delivery.text));
        if (!event.success) return log.error({ err: event.error, topic }, "an event is no revocation");
        const { kind, target, at } = event.data;
        revocations.revoke({ kind, target, atMs: Date.parse(at) });
      },
    });
    subscriber.resume = "start";
    leave = hub.open(spec, subscriber);
  };
  begin();
  return {
    get isHeard() {
      return isHeard;
    },
    close() {
      clearInterval(check);
      if (again) clearTimeout(again);
      leave();
    },
  };
}

/** The router's own end of the stream of revocations. */
class RevocationSubscriber extends Subscriber {
  readonly isFull = false;
  readonly #calls: { started(): void; failed(error: Error): void; deliver(delivery: Delivery): void };

  constructor(calls: { started(): void; failed(error: Error): void; deliver(delivery: Delivery): void }) {
    super();
    this.#calls = calls;
  }

  deliver(delivery: Delivery): boolean {
    this.#calls.deliver(delivery);
    return true;
  }

  started(): void {
    this.#calls.started();
  }

  fail(error: Error): void {
    this.#calls.failed(error);
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  /** A stream of a topic has no end. */
  ended(): void {}
}
