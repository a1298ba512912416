/** One event as it stands in a window and travels over pub/sub. */
export interface WindowEntry {
  epoch: string;
  /** `<sequence>-<ordinal>` or `<offset>-1`: also the id of the stream's entry. */
  id: string;
  /** The id of the channel's event before this one; "0-0" for the first. */
  prev: string;
  /** How many events the channel has had, this one included. It starts again when Redis lost its data. */
  count: number;
  /** When the broker took the record, in ms since 1970. */
  brokerTimeMs: number;
  traceparent: string | null;
  /** The event itself, JSON text. */
  value: string;
}

/** The id before every event. */
export const FIRST_ID = "0-0";

// The braces are Redis Cluster's hash tag: all keys of a channel and its pub/sub channel are in one slot.

/** The pub/sub channel. */
export const channelName = (topic: string, channel: string): string => `{${topic}/${channel}}`;
/** String: the channel's current epoch. */
export const epochKey = (topic: string, channel: string): string => `${channelName(topic, channel)}:epoch`;
/** Stream: the window; fields `h` (header) and `v` (value). */
export const windowKey = (topic: string, channel: string, epoch: string): string =>
  `${channelName(topic, channel)}:${epoch}`;

/**
 * The keys of a window that appending writes: beside the stream what it keeps of it. A key that is never there is not among them: for a
 * slot that goes to another server, Redis Cluster would put off each call that names one.
 */
export function windowKeys(
  topic: string,
  channel: string,
  epoch: string,
  { hasEventId }: { hasEventId: boolean },
): string[] {
  const window = windowKey(topic, channel, epoch);
  return [window, `${window}:state`, ...(hasEventId ? [`${window}:ids`] : [])];
}

/**
 * String: the run of the server (`run_id` of INFO) of which the relay knows that the windows of all the topic's channels are there, up to the
 * last event that anybody was told of. Of another run that is not known: a server may come back without its data, or with older.
 */
export const wholeKey = (topic: string): string => `mib:windows:{${topic}}:whole`;

/** The message of an entry: a header line `epoch id prev count brokerTimeMs traceparent|-`, then the value. */
export function encodeMessage(entry: WindowEntry): string {
  return `${encodeHeader(entry)}\n${entry.value}`;
}

export function encodeHeader({ epoch, id, prev, count, brokerTimeMs, traceparent }: WindowEntry): string {
  return `${epoch} ${id} ${prev} ${count} ${brokerTimeMs} ${traceparent ?? "-"}`;
}

/** Inverts `encodeMessage`; throws on anything else. */
export function decodeMessage(raw: string): WindowEntry {
  const end = raw.indexOf("\n");
  if (end < 0) throw new Error("a stream message has no header line");
  return decodeEntry(raw.slice(0, end), raw.slice(end + 1));
}

/** An entry from the two fields that the window holds. */
export function decodeEntry(header: string, value: string): WindowEntry {
  const [epoch, id, prev, count, brokerTimeMs, traceparent, ...rest] = header.split(" ");
  if (epoch === undefined || id === undefined || prev === undefined || traceparent === undefined || rest.length > 0) {
    throw new Error(`not the header of a stream message: ${header.slice(0, 200)}`);
  }
  return {
    epoch,
    id,
    prev,
    count: Number(count),
    brokerTimeMs: Number(brokerTimeMs),
    traceparent: traceparent === "-" ? null : traceparent,
    value,
  };
}

/** Orders two ids of one epoch: negative when `a` is older. Exact for 64 bits: it compares digits, not numbers. */
export function compareIds(a: string, b: string): number {
  const dashA = a.indexOf("-");
  const dashB = b.indexOf("-");
  return compareDigits(a.slice(0, dashA), b.slice(0, dashB)) || compareDigits(a.slice(dashA + 1), b.slice(dashB + 1));
}

function compareDigits(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The greatest id below `id`: stands for "something before it" where the id of that is not known. */
export function idBelow(id: string): string {
  const [high = "0", low = "0"] = id.split("-");
  if (low !== "0") return `${high}-${BigInt(low) - 1n}`;
  return high === "0" ? FIRST_ID : `${BigInt(high) - 1n}-${2n ** 64n - 1n}`;
}
