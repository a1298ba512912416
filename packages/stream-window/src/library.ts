import type { Cluster, Redis } from "ioredis";

/** Thrown when the server does not have the functions: it is new, or lost its data. */
export class FunctionMissingError extends Error {}

/** Event ids that are remembered per channel. */
const EVENT_IDS_MAX = 20_000;

/** How long the window of an epoch that is over stays readable, and how long its last id is remembered. */
const RETIRED_WINDOW_SECONDS = 3_600;
const RETIRED_STATE_SECONDS = 30 * 86_400;

// Other keys of a channel, beside those in layout.ts: `<window>:state` (last id, count, entries, bytes, oldest time, since where
// the log was read without a hole) and `<window>:ids` (sorted set: event ids by count). The key of its epoch is passed, and in a cluster
// all of the window that is written: while their slot goes to another server, none is written where the others are not. A marker is `<next> <since>`, see progress.ts.
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
  local last, count, entries, bytes, oldest, since = string.match(text, '^(%S+) (%S+) (%S+) (%S+) (%S+) ?(%S*)$')
  return last, tonumber(count), tonumber(entries), tonumber(bytes), tonumber(oldest), since
end

local function write_state(key, last, count, entries, bytes, oldest, since)
  redis.call('SET', key, string.format('%s %.0f %.0f %.0f %.0f %s', last, count, entries, bytes, oldest, since))
end

-- What is wrong with a marker, if anything, and how far it is.
local function read_marker(key, at)
  local text = redis.call('GET', key)
  if not text then return 'LOST' end
  local noted = tonumber(string.match(text, '^%d+'))
  return noted < tonumber(at) and 'BEHIND' or nil, noted
end

-- Moves a marker, never back: what was held up on its way may come late.
local function move_marker(key, noted, next, since)
  if noted <= tonumber(next) then redis.call('SET', key, next .. ' ' .. since) end
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

local function append(channel, args)
  local epoch, id, time_text, traceparent, event_id, value = args[1], args[2], args[3], args[4], args[5], args[6]
  local publish, known, before_id, before_count = args[7], args[8], args[9], tonumber(args[10])
  local entries_max, bytes_max, age_max = tonumber(args[11]), tonumber(args[12]), tonumber(args[13])
  local since, hole_id = args[14], args[15]

  local window = channel .. ':' .. epoch
  local state_key, ids_key = window .. ':state', window .. ':ids'
  local last, count, entries, bytes, oldest, known_since = read_state(state_key)
  local current = redis.call('GET', channel .. ':epoch')
  if not current and known == '1' then return 'LOST' end
  if current and current ~= epoch and last then
    if newer(id, last) then return 'OUT_OF_ORDER' end
    return 'DUPLICATE'
  end

  local time = tonumber(time_text)
  if not last then last, count, entries, bytes, oldest = '0-0', 0, 0, 0, time end
  if id == last then
    -- Read again, and nothing came after it: from here on it is known without a hole.
    if publish == '0' and known_since ~= since then write_state(state_key, last, count, entries, bytes, oldest, since) end
    return 'DUPLICATE'
  end
  if event_id ~= '' and redis.call('ZSCORE', ids_key, event_id) then return 'DUPLICATE' end
  if not newer(id, last) then
    local first = redis.call('XRANGE', window, '-', '+', 'COUNT', 1)
    -- Older than the window: that it was never seen can't be shown.
    if #first == 0 or newer(first[1][1], id) then return 'DUPLICATE' end
    if #redis.call('XRANGE', window, id, id) > 0 then return 'DUPLICATE' end
    return 'OUT_OF_ORDER'
  end

  if current ~= epoch then
    if current then
      known_since = select(6, read_state(channel .. ':' .. current .. ':state'))
      local retired = channel .. ':' .. current
      redis.call('EXPIRE', retired, ${RETIRED_WINDOW_SECONDS})
      redis.call('EXPIRE', retired .. ':ids', ${RETIRED_WINDOW_SECONDS})
      redis.call('EXPIRE', retired .. ':state', ${RETIRED_STATE_SECONDS})
    end
    redis.call('SET', channel .. ':epoch', epoch)
  end
  if before_id == '' and hole_id ~= '' and known_since ~= since then before_id, before_count = hole_id, 0 end
  -- What is tried again may come with what was appended after it, before the server lost both.
  if before_id ~= '' and newer(before_id, last) and newer(id, before_id) then
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
  write_state(state_key, id, count, entries, bytes, oldest, since)
  if publish == '1' then
    redis.call('PUBLISH', channel, header .. '\\n' .. value)
  elseif publish == '2' then
    redis.call('SPUBLISH', channel, header .. '\\n' .. value)
  end
  return 'APPENDED'
end

local function append_event(channel, marker, args)
  if not marker then return append(channel, args) end
  local since, at, next = args[14], args[16], args[17]
  local trouble, noted = read_marker(marker, at)
  if trouble then return trouble end
  local outcome = append(channel, args)
  if outcome ~= 'LOST' then move_marker(marker, noted, next, since) end
  return outcome
end

redis.register_function('mib_append_event', function(keys, args)
  return append_event(string.sub(keys[1], 1, -#':epoch' - 1), args[16] ~= '' and keys[2] or nil, args)
end)

-- Under this name, with the channel as the key, relays call it that are older than mib_append_event. While some run beside newer ones each loads its
-- own library, and neither may take the other's function away. For one version: it goes when this one has been released.
redis.register_function('mib_append', function(keys, args)
  return append_event(keys[1], keys[2], args)
end)

redis.register_function('mib_note', function(keys, args)
  local trouble, noted = read_marker(keys[1], args[1])
  if trouble then return trouble end
  move_marker(keys[1], noted, args[2], args[3])
  return 'NOTED'
end)

-- The markers have to be as far as the arguments behind the first one, which is the run of the server.
redis.register_function('mib_mark_whole', function(keys, args)
  for i = 2, #keys do
    local trouble = read_marker(keys[i], args[i])
    if trouble then return trouble end
  end
  redis.call('SET', keys[1], args[1])
  return 'NOTED'
end)

redis.register_function('mib_hand_over', function(keys, args)
  local trouble = read_marker(keys[1], args[1])
  if trouble then return trouble end
  redis.call('DEL', keys[1])
  redis.call('SET', keys[2], args[2] .. ' ' .. args[3])
  return 'NOTED'
end)
`;

/** Puts the functions on the server, on every primary of a cluster; replaces another version of them. */
export async function loadLibrary(redis: Redis | Cluster): Promise<void> {
  const servers = isCluster(redis) ? redis.nodes("master") : [redis];
  for (const server of servers) await server.call("FUNCTION", "LOAD", "REPLACE", LIBRARY);
}

/** What a function failed with. */
export function toFunctionError(error: Error): Error {
  return /function not found/i.test(error.message) ? new FunctionMissingError(error.message) : error;
}

export const isCluster = (redis: Redis | Cluster): redis is Cluster => redis.isCluster;
