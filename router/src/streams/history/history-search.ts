import { decodeEvent, InvalidRecordError, type StreamEvent } from "@mib/events/event";
import { topicNamed } from "@mib/events/topics";
import { validateValue } from "@mib/events/validate";
import { FIRST_ID, type WindowEntry } from "@mib/stream-window/layout";
import { ChannelSearch, type HistoryRequest } from "./channel-search.ts";
import type { LogRecord, OffsetRange, SearchableLog } from "./topic-log.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** How far before the windows' first entries the log is read, step by step; in the end from its beginning. */
const STEPS_MS = [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS, Infinity];
/** Where ids are offsets, so many records before the position may hold an event that was sent again after it: the relay's memory. */
const LOOK_BACK_RECORDS = 20_000n;

/**
 * Answers requests of one topic and epoch side by side, each as soon as what it needs was read; null where the log does not have it.
 * Reads every record once, whatever the number of steps and requests.
 */
export async function searchHistory(
  log: SearchableLog,
  requests: readonly HistoryRequest[],
  answer: (request: HistoryRequest, events: WindowEntry[] | null) => void,
): Promise<void> {
  const topic = topicNamed(requests[0]!.topic);
  const bounds = await log.bounds();
  const times = requests.map(({ before }) => before.brokerTimeMs);
  const [oldestMs, newestMs] = [Math.min(...times), Math.max(...times)];
  // Behind the records of its millisecond nothing is of interest to a request.
  const unread = await log.offsetsAt(newestMs + 1);
  let searches = requests.map((request) => new ChannelSearch(request));

  for (const stepMs of STEPS_MS) {
    const starts =
      topic.position === "OFFSET"
        ? startsByOffset(requests, bounds.keys())
        : stepMs === Infinity
          ? new Map<number, bigint>()
          : await log.offsetsAt(oldestMs - stepMs);
    const places = new Set(searches.map(({ found }) => found?.partition));
    const ranges = new Map<number, OffsetRange>();
    for (const [partition, { low, high }] of bounds) {
      if (!places.has(undefined) && !places.has(partition)) continue;
      const to = least(unread.get(partition) ?? high, high);
      const from = least(to, greatest(low, starts.get(partition) ?? 0n));
      ranges.set(partition, { from, to });
      unread.set(partition, from);
    }
    await readPiece(log, ranges, searches);

    searches = searches.filter((search) => {
      const { request, found } = search;
      if (found === null) answer(request, null);
      else {
        const begin = unread.get(found.partition)!;
        const beforeAll = begin <= (topic.position === "OFFSET" ? lookBackFrom(request) : 0n);
        const isWhole = beforeAll || (topic.position === "SEQUENCE" && search.reachesBack);
        if (!isWhole && begin > bounds.get(found.partition)!.low) return true;
        answer(request, isWhole ? search.answer({ beforeAll }) : null);
      }
      return false;
    });
    if (searches.length === 0) return;
  }
}

async function readPiece(
  log: SearchableLog,
  ranges: ReadonlyMap<number, OffsetRange>,
  searches: readonly ChannelSearch[],
): Promise<void> {
  for (const search of searches) search.beginPiece();
  const byChannel = Map.groupBy(searches, ({ request }) => request.channel);
  await log.read(ranges, (partition, record) => {
    // Most records are of other channels: those are not decoded.
    const ofChannel = byChannel.get(record.headers?.["channel"]?.toString() ?? "");
    if (ofChannel === undefined) return;
    const event = streamedEvent(ofChannel[0]!.request, partition, record);
    if (event !== null) for (const search of ofChannel) search.add(event);
  });
}

function startsByOffset(requests: readonly HistoryRequest[], partitions: Iterable<number>): Map<number, bigint> {
  const first = requests.map(lookBackFrom).reduce(least);
  return new Map([...partitions].map((partition) => [partition, first]));
}

/** Where reading has to begin when ids are offsets. */
function lookBackFrom({ after: { id } }: HistoryRequest): bigint {
  return id === FIRST_ID ? 0n : greatest(0n, BigInt(id.slice(0, id.indexOf("-"))) + 1n - LOOK_BACK_RECORDS);
}

/** Null where the record is none that the relay takes: no event, not a valid one, or filled in later. */
function streamedEvent({ topic, after }: HistoryRequest, partition: number, record: LogRecord): StreamEvent | null {
  try {
    const event = decodeEvent(topic, partition, record, new Map([[topic, after.epoch]]));
    return event.backfill || !validateValue(topic, event.value).ok ? null : event;
  } catch (error) {
    if (error instanceof InvalidRecordError) return null;
    throw error;
  }
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const greatest = (a: bigint, b: bigint): bigint => (a > b ? a : b);
