import type { Transport } from "../telemetry/router-metrics.ts";
import type { OngoingResponse } from "./http-exchange.ts";
import { IncrementalResponse } from "./incremental-response.ts";
import { chooseIncrementalMediaType, chooseSubscriptionTransport, type IncrementalMediaType } from "./media-types.ts";
import { onePayload, SUBSCRIPTION_FORMATS } from "./subscriptions/subscription-format.ts";

/** How a whole answer is sent to a client that takes nothing but parts; `payload`: as in a subscription by multipart. */
export type Wrapping = IncrementalMediaType | "payload";

export function chooseWrapping(accept: string | undefined): Wrapping | null {
  const incremental = chooseIncrementalMediaType(accept);
  if (incremental !== null) return incremental;
  return chooseSubscriptionTransport(accept) === "multipart" ? "payload" : null;
}

/** What such an answer is counted by. */
export function transportOf(wrapping: Wrapping | null): Transport {
  if (wrapping === "text/event-stream") return "sse";
  return wrapping === "payload" ? "multipart" : "http";
}

/** Sends a whole answer as the only part. `isRefusal`: it was not executed. */
export async function sendWrapped(
  response: OngoingResponse,
  wrapping: Wrapping,
  { body, isRefusal }: { body: string; isRefusal: boolean },
): Promise<void> {
  if (wrapping === "payload") {
    response.writeHead(200, {
      "content-type": SUBSCRIPTION_FORMATS.multipart.contentType,
      "cache-control": "no-cache",
    });
    response.end(onePayload(isRefusal ? `{"payload":null,${body.slice(1)}` : `{"payload":${body}}`));
    return;
  }
  const sender = new IncrementalResponse(response, wrapping);
  await sender.send(wrapping === "multipart/mixed" ? `${body.slice(0, -1)},"hasNext":false}` : body);
  sender.end();
}
