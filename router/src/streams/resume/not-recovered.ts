import { CodedError } from "@mib/service/coded-error";
import type { NotRecovered } from "./cursor-scope.ts";

/** Ends a stream of which every event counts and that can't go on where the client was. */
export function notRecovered(reason: NotRecovered): CodedError {
  return new CodedError("STREAM_NOT_RECOVERED", `The stream cannot go on at this cursor: ${reason}.`, {
    reason,
    stream: { recovered: false, reason },
  });
}
