import type { RecordBatch } from "@mib/events/consumer";
import type { ConsumerState } from "@mib/events/consumer-state";
import { decodeEvent, InvalidRecordError, type StreamEvent } from "@mib/events/event";
import type { WindowBar } from "../domain/bar-window.ts";
import type { BarInterval } from "../domain/market-memory.ts";
import { parseBar } from "./bar-event.ts";

export const BARS_TOPIC = "market.bars.v1";
/** Whose positions are kept beside the windows. */
export const BARS_CONSUMER = "bars";

interface ReadBar {
  event: StreamEvent;
  symbol: string;
  interval: BarInterval;
  openedAt: string;
  bar: WindowBar;
}

/** A bar that was not seen before, or why there is none: a record that is no bar must not keep those behind it waiting. */
export function readBar(
  { topic, partition }: Pick<RecordBatch, "topic" | "partition">,
  record: RecordBatch["records"][number],
  state: ConsumerState,
): ReadBar | "INVALID" | "SEEN" {
  try {
    const event = decodeEvent(topic, partition, record, new Map());
    const parsed = parseBar(event.value);
    return state.accept(event) ? { event, ...parsed } : "SEEN";
  } catch (error) {
    if (!(error instanceof InvalidRecordError)) throw error;
    // The relay puts it into the dead-letter topic; here it is only passed over.
    return "INVALID";
  }
}
