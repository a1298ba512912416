import type { Cluster, Redis } from "ioredis";
import { channelName } from "./layout.ts";

/** An event to append. */
export interface Append {
  topic: string;
  channel: string;
  epoch: string;
  id: string;
  brokerTimeMs: number;
  traceparent: string | null;
  value: string;
  /** Identity of an event whose id is only its place in the log: a known one is a DUPLICATE at any id. */
  eventId?: string | null;
  /** Set when events before this one are not in the window: the id of the last of them (or an id below this one) and how many the channel had. */
  before?: { id: string; count: number } | null;
  /** The caller knows that the channel has a window: when it has none, Redis lost it. */
  known?: boolean;
}

/**
 * APPENDED; DUPLICATE: the channel has it already; OUT_OF_ORDER: not newer than the channel's last, yet never seen, or of an
 * epoch that is over; LOST: the window or the marker that the caller relies on is gone. Only APPENDED changed anything.
 */
export type AppendOutcome = "APPENDED" | "DUPLICATE" | "OUT_OF_ORDER" | "LOST";

/** What a window keeps. Its newest entry always stays; age is held to within an eighth. */
export interface WindowLimits {
  entriesMax: number;
  bytesMax: number;
  ageMsMax: number;
}

export interface AppendOptions {
  limits: WindowLimits;
  /** NONE fills a window without telling anybody; SHARDED is for Redis Cluster. */
  publish: "NONE" | "PUBLISH" | "SHARDED";
  /** A key that must exist, or nothing is appended and the outcome is LOST. Not for Redis Cluster (it is in another slot). */
  markerKey?: string | null;
}

/** Thrown when the server does not have the function: it is new, or lost its data. */
export class FunctionMissingError extends Error {}

/** Event ids that are remembered per channel. */
export const EVENT_IDS_MAX = 20_000;

/** How long the window of an epoch that is over stays readable, and how long its last id is remembered. */
const RETIRED_WINDOW_SECONDS = 3_600;
const RETIRED_STATE_SECONDS = 30 * 86_400;

// Other keys of a channel, beside those in layout.ts: `<window>:state` (last id, count, entries, bytes, oldest time) and
// `<window>:ids` (sorted set: event ids by count). One key is passed: all others are in its slot by their hash tag.
const LIBRARY = `#!lua name=mib_window
local function newer(a, b)
  local a1, a2 = string.match(a, '^(%d+)%-(%d+)$')
  local b1, b2 = string.match(b, '^(%d+)%-(%d+)$')
  if a1 ~= b1 then
    if #a1 ~= #b1 then return #a1 > #b1 end
    return a1 > b1
  end
  if #a2 ~= #b2 then return #a2 > #b2 end
  return a2 > b2
end

local function read_state(key)
  local text = redis.call('GET', key)
  if not text then return nil end
  local last, count, entries, bytes, oldest = string.match(text, '^(%S+) (%S+) (%S+) (%S+) (%S+)$')
  return last, tonumber(count), tonumber(entries), tonumber(bytes), tonumber(oldest)
end

local function entry_size(fields) return #fields[2] + #fields[4] end
local function entry_time(fields) return tonumber(string.match(fields[2], '^%S+ %S+ %S+ %S+ (%S+)')) end

-- Drops the oldest entries until seven eighths of each limit hold, so that the work of trimming is shared by many appends.
local function trim(window, entries, bytes, oldest, now, entries_max, bytes_max, age_max)
  local entries_goal = entries_max - math.floor(entries_max / 8)
  local bytes_goal = bytes_max - math.floor(bytes_max / 8)
  while true do
    local batch = redis.call('XRANGE', window, '-', '+', 'COUNT', 64)
    local kept = false
    for _, entry in ipairs(batch) do
      local time = entry_time(entry[2])
      if entries > 1 and (entries > entries_goal or bytes > bytes_goal or now - time > age_max) then
        entries = entries - 1
        bytes = bytes - entry_size(entry[2])
      else
        kept = true
        oldest = time
        break
      end
    end
    redis.call('XTRIM', window, 'MAXLEN', '=', entries)
    if kept or #batch == 0 then return entries, bytes, oldest end
  end
end

local function append(keys, args)
  local channel = keys[1]
  local epoch, id, time_text, traceparent, event_id, value = args[1], args[2], args[3], args[4], args[5], args[6]
  local publish, known, before_id, before_count = args[7], args[8], args[9], tonumber(args[10])
  local entries_max, bytes_max, age_max = tonumber(args[11]), tonumber(args[12]), tonumber(args[13])
  if keys[2] and redis.call('EXISTS', keys[2]) == 0 then return 'LOST' end

  local window = channel .. ':' .. epoch
  local state_key, ids_key = window .. ':state', window .. ':ids'
  local last, count, entries, bytes, oldest = read_state(state_key)
  local current = redis.call('GET', channel .. ':epoch')
  if not current and known == '1' then return 'LOST' end
  if current and current ~= epoch and last then
    if newer(id, last) then return 'OUT_OF_ORDER' end
    return 'DUPLICATE'
  end

  local time = tonumber(time_text)
  if not last then last, count, entries, bytes, oldest = '0-0', 0, 0, 0, time end
  if event_id ~= '' and redis.call('ZSCORE', ids_key, event_id) then return 'DUPLICATE' end
  if not newer(id, last) then
    if id == last then return 'DUPLICATE' end
    local first = redis.call('XRANGE', window, '-', '+', 'COUNT', 1)
    -- Older than the window: that it was never seen can't be shown.
    if #first == 0 or newer(first[1][1], id) then return 'DUPLICATE' end
    if #redis.call('XRANGE', window, id, id) > 0 then return 'DUPLICATE' end
    return 'OUT_OF_ORDER'
  end

  if current ~= epoch then
    if current then
      local retired = channel .. ':' .. current
      redis.call('EXPIRE', retired, ${RETIRED_WINDOW_SECONDS})
      redis.call('EXPIRE', retired .. ':ids', ${RETIRED_WINDOW_SECONDS})
      redis.call('EXPIRE', retired .. ':state', ${RETIRED_STATE_SECONDS})
    end
    redis.call('SET', channel .. ':epoch', epoch)
  end
  if before_id ~= '' and newer(before_id, last) then
    last = before_id
    if before_count > count then count = before_count end
  end
  count = count + 1
  local header = epoch .. ' ' .. id .. ' ' .. last .. ' ' .. string.format('%.0f', count) .. ' ' .. time_text .. ' ' .. traceparent
  redis.call('XADD', window, id, 'h', header, 'v', value)
  if event_id ~= '' then
    redis.call('ZADD', ids_key, count, event_id)
    if count % 256 == 0 then redis.call('ZREMRANGEBYRANK', ids_key, 0, -${EVENT_IDS_MAX + 1}) end
  end
  if entries == 0 then oldest = time end
  entries = entries + 1
  bytes = bytes + #header + #value
  if entries > entries_max or bytes > bytes_max or (time - oldest) * 8 > age_max * 9 then
    entries, bytes, oldest = trim(window, entries, bytes, oldest, time, entries_max, bytes_max, age_max)
  end
  redis.call('SET', state_key, string.format('%s %.0f %.0f %.0f %.0f', id, count, entries, bytes, oldest))
  if publish == '1' then
    redis.call('PUBLISH', channel, header .. '\\n' .. value)
  elseif publish == '2' then
    redis.call('SPUBLISH', channel, header .. '\\n' .. value)
  end
  return 'APPENDED'
end

redis.register_function('mib_append', append)
`;

/** Puts the function on the server, on every primary of a cluster; replaces another version of it. */
export async function loadAppendFunction(redis: Redis | Cluster): Promise<void> {
  const servers = isCluster(redis) ? redis.nodes("master") : [redis];
  for (const server of servers) await server.call("FUNCTION", "LOAD", "REPLACE", LIBRARY);
}

const PUBLISH_ARGUMENT = { NONE: "0", PUBLISH: "1", SHARDED: "2" } as const;

/**
 * Appends events, those of one channel in the order given, and returns an outcome for each. Fails when any of them could not be
 * tried; to call it again with the same events is safe, since those that got there are DUPLICATE then.
 */
export async function appendEvents(
  redis: Redis | Cluster,
  events: readonly Append[],
  options: AppendOptions,
): Promise<AppendOutcome[]> {
  if (!isCluster(redis)) return appendInPipeline(redis, events, options);
  // A cluster's pipeline takes one slot: one pipeline per channel.
  const outcomes = new Array<AppendOutcome>(events.length);
  const byChannel = Map.groupBy(events.keys(), (index) => channelName(events[index]!.topic, events[index]!.channel));
  await Promise.all(
    [...byChannel.values()].map(async (indexes) => {
      const results = await appendInPipeline(
        redis,
        indexes.map((index) => events[index]!),
        options,
      );
      indexes.forEach((index, i) => (outcomes[index] = results[i]!));
    }),
  );
  return outcomes;
}

async function appendInPipeline(
  redis: Redis | Cluster,
  events: readonly Append[],
  options: AppendOptions,
): Promise<AppendOutcome[]> {
  const pipeline = redis.pipeline();
  for (const event of events) pipeline.call("FCALL", ...fcallArguments(event, options));
  const results = (await pipeline.exec()) ?? [];
  return results.map(([error, outcome]) => {
    if (error) throw /function not found/i.test(error.message) ? new FunctionMissingError(error.message) : error;
    return outcome as AppendOutcome;
  });
}

function fcallArguments(event: Append, { limits, publish, markerKey }: AppendOptions): string[] {
  const keys = [channelName(event.topic, event.channel)];
  if (markerKey != null) keys.push(markerKey);
  return [
    "mib_append",
    String(keys.length),
    ...keys,
    event.epoch,
    event.id,
    String(event.brokerTimeMs),
    event.traceparent ?? "-",
    event.eventId ?? "",
    event.value,
    PUBLISH_ARGUMENT[publish],
    event.known === true ? "1" : "0",
    event.before?.id ?? "",
    String(event.before?.count ?? 0),
    String(limits.entriesMax),
    String(limits.bytesMax),
    String(limits.ageMsMax),
  ];
}

const isCluster = (redis: Redis | Cluster): redis is Cluster => redis.isCluster;
