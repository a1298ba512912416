import type { OngoingResponse } from "./http-exchange.ts";
import { DEFER_SPEC, type IncrementalMediaType } from "./media-types.ts";
import { COMPLETE_EVENT, serverSentEvent } from "./server-sent-events.ts";

const CONTENT_TYPES: Record<IncrementalMediaType, string> = {
  "multipart/mixed": `multipart/mixed; boundary="-"; deferSpec=${DEFER_SPEC}`,
  "text/event-stream": "text/event-stream; charset=utf-8",
};

/** Sends an answer in parts as it grows: as multipart, or as events of the distinct connections mode of GraphQL over SSE. */
export class IncrementalResponse {
  readonly #response: OngoingResponse;
  readonly #mediaType: IncrementalMediaType;

  constructor(response: OngoingResponse, mediaType: IncrementalMediaType) {
    this.#response = response;
    this.#mediaType = mediaType;
  }

  /** Sends one payload, and waits while the client reads more slowly than it is sent. */
  async send(payload: string): Promise<void> {
    const response = this.#response;
    if (response.destroyed) return;
    const isFirst = !response.headersSent;
    if (isFirst)
      response.writeHead(200, {
        "content-type": CONTENT_TYPES[this.#mediaType],
        "cache-control": "no-cache",
        "x-accel-buffering": "no", // a proxy must not keep the first part until the last
      });
    const text =
      this.#mediaType === "text/event-stream"
        ? serverSentEvent(payload)
        : `${isFirst ? "\r\n---" : ""}\r\ncontent-type: application/json; charset=utf-8\r\n\r\n${payload}\r\n---`;
    if (response.write(text)) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        response.off("drain", go);
        response.off("close", go);
        resolve();
      };
      response.on("drain", go);
      response.on("close", go);
    });
  }

  end(): void {
    this.#response.end(this.#mediaType === "text/event-stream" ? COMPLETE_EVENT : "--\r\n");
  }
}
