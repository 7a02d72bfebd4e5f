-- What all scripts share; it stands before each of them. KEYS[1] is the hash tag that every key begins with, so all of
-- them are in one slot of a cluster, also those that a script finds in a hold's record and could not declare.
local tag = KEYS[1]
local counters = tag .. ':c' -- hash: <counter>|s spent, <counter>|h held
local periods = tag .. ':p' -- sorted set: counter by the second its period ends
local holds = tag .. ':h' -- hash: request id to what it holds, see hold_of
local notes = tag .. ':n' -- hash: request id to what its hold came to know since, see notes_of
local expiries = tag .. ':z' -- sorted set: request id by expiry, ms
local meta = tag .. ':m' -- hash: watermark, epoch
local bucket_prefix = tag .. ':b:' -- string: "<used> <at ms>", see below
local slot_prefix = tag .. ':s:' -- sorted set: request id by expiry, ms

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- A Lua number is a double, and tostring() of one above 10^14 is not its digits.
local function whole(number)
  return string.format('%.0f', number)
end
local now_text = whole(now)

-- unpack() takes some thousand values at most. Even, because some of them are pairs.
local most_values = 2000

local function read_many(command, key, names)
  local found = {}
  for first = 1, #names, most_values do
    local some = redis.call(command, key, unpack(names, first, math.min(#names, first + most_values - 1)))
    if #names <= most_values then return some end
    for _, value in ipairs(some) do found[#found + 1] = value end
  end
  return found
end

local function write_many(command, key, values)
  for first = 1, #values, most_values do
    redis.call(command, key, unpack(values, first, math.min(#values, first + most_values - 1)))
  end
end

-- Amounts exceed 2^53 (9 million dollars in nano-dollars), where doubles and therefore comparisons are inexact. So an
-- amount is two limbs, high * 10^9 + low, added and compared limb by limb. Exact below 10^24.
local limb = 1000000000

local function limbs_of(text)
  -- Short enough for one limb: a thousand of them add up without loss.
  if #text < 13 then return 0, tonumber(text) end
  local high, low = tonumber(string.sub(text, 1, -10)), tonumber(string.sub(text, -9))
  if string.byte(text) == 45 then return high, -low end
  return high, low
end

-- The same amount with 0 <= low < 10^9.
local function normalised(high, low)
  local carried = math.floor(low / limb)
  return high + carried, low - carried * limb
end

local function positive(high, low)
  high, low = normalised(high, low)
  return high > 0 or (high == 0 and low > 0)
end

local function text_of(high, low)
  high, low = normalised(high, low)
  if high == 0 then return whole(low) end
  if high < 0 then return '-' .. text_of(-high, -low) end
  return string.format('%.0f%09.0f', high, low)
end

-- What the sweep forgets counters by. Only for one of which nothing is known yet.
local function add_period(found, counter)
  local ends_at = string.match(counter, '|(%d+)$')
  if not ends_at then return end
  found[#found + 1] = ends_at
  found[#found + 1] = counter
end

-- A bucket is what of it is used, in sixty-thousandths of a token: then each millisecond gives back `perMinute` of them,
-- and nothing is ever rounded. A bucket without a key is full.
local minute = 60000

local function used_of(stored, per_minute)
  if not stored then return 0 end
  local used, at = string.match(stored, '^(%d+) (%d+)$')
  -- A replica that took over may have an earlier clock.
  local passed = math.max(0, now - tonumber(at))
  return math.max(0, tonumber(used) - passed * per_minute)
end

local function store_used(key, per_minute, used)
  if used <= 0 then
    redis.call('DEL', bucket_prefix .. key)
  else
    local full_in = whole(math.ceil(used / per_minute))
    redis.call('SET', bucket_prefix .. key, whole(used) .. ' ' .. now_text, 'PX', full_in)
  end
end

-- A hold is three lines: the keys of its slots as JSON, or nothing; the units that its buckets were charged; and, as
-- JSON, what reserve was given to keep. So it is stored as it came, and its slots are found without reading the rest.
local function slots_of(text)
  local keys = string.match(text, '^[^\n]*')
  return keys == '' and {} or cjson.decode(keys)
end

local function hold_of(text)
  local charged, kept = string.match(text, '^[^\n]*\n([^\n]*)\n(.*)$')
  local hold = cjson.decode(kept)
  hold.slots, hold.charged = slots_of(text), {}
  for units in string.gmatch(charged, '%d+') do table.insert(hold.charged, tonumber(units)) end
  return hold
end

-- Without those that have none: ids, texts, and when each expires.
local function find_holds(ids)
  local found = { ids = {}, texts = {}, ends = {} }
  local texts, ends = read_many('HMGET', holds, ids), read_many('ZMSCORE', expiries, ids)
  local seen = {}
  for index, id in ipairs(ids) do
    if texts[index] and not seen[id] then
      seen[id] = true
      table.insert(found.ids, id)
      table.insert(found.texts, texts[index])
      table.insert(found.ends, tonumber(ends[index] or 0))
    end
  end
  return found
end

-- Of each id how many accounts there are of attempts that were handed back, the tokens of those that knew, how many are
-- waited for, and whether a copy shares the hold.
local function notes_of(ids)
  local found = {}
  for index, text in ipairs(read_many('HMGET', notes, ids)) do
    local accounts, tokens, awaited, shared = string.match(text or '', '^(%d+) (%S+) (%S+) (%a+)$')
    found[ids[index]] = {
      accounts = tonumber(accounts or 0),
      tokens = tonumber(tokens),
      awaited = tonumber(awaited),
      shared = shared == 'shared',
    }
  end
  return found
end

local function store_note(id, note)
  local tokens, awaited = note.tokens and whole(note.tokens) or '-', note.awaited and whole(note.awaited) or '-'
  local text = string.format('%d %s %s %s', note.accounts, tokens, awaited, note.shared and 'shared' or 'own')
  redis.call('HSET', notes, id, text)
end

local function is_accounted(note)
  return note.awaited and note.accounts >= note.awaited
end

local function those_of(found, wanted)
  local some = { ids = {}, texts = {}, ends = {} }
  for index, id in ipairs(found.ids) do
    if wanted(id) then
      table.insert(some.ids, id)
      table.insert(some.texts, found.texts[index])
      table.insert(some.ends, found.ends[index])
    end
  end
  return some
end

-- One that expired, and that the sweep has not come to yet, is none: these say how long those that live do so at least.
local function prolong(found, expiry)
  local later = {}
  for index, id in ipairs(found.ids) do
    if found.ends[index] > now and found.ends[index] < expiry then
      table.insert(later, whole(expiry))
      table.insert(later, id)
    end
  end
  write_many('ZADD', expiries, later)
end

-- Adds id to the list under each of the keys.
local function list_under(lists, keys, id)
  for _, key in ipairs(keys) do
    lists[key] = lists[key] or {}
    table.insert(lists[key], id)
  end
end

local function free_slots(members)
  for key, ids in pairs(members) do write_many('ZREM', slot_prefix .. key, ids) end
end

local function give_back(sums, fields)
  local rest, nothing = {}, {}
  for index, held in ipairs(read_many('HMGET', counters, fields)) do
    local field = fields[index]
    if held then
      local high, low = limbs_of(held)
      high, low = high - sums[field][1], low - sums[field][2]
      if positive(high, low) then
        rest[#rest + 1] = field
        rest[#rest + 1] = text_of(high, low)
      else
        nothing[#nothing + 1] = field
      end
    end
  end
  write_many('HSET', counters, rest)
  write_many('HDEL', counters, nothing)
end

-- Returns what they were. Each counter is written once, however many of them held of it.
local function forget(found)
  local forgotten, members, sums, fields = {}, {}, {}, {}
  for index, id in ipairs(found.ids) do
    local hold = hold_of(found.texts[index])
    forgotten[index] = hold
    list_under(members, hold.slots, id)
    for place, counter in ipairs(hold.counters) do
      local field = counter .. '|h'
      local sum = sums[field]
      if not sum then
        sum = { 0, 0 }
        sums[field], fields[#fields + 1] = sum, field
      end
      local high, low = limbs_of(hold.amounts[place])
      sum[1], sum[2] = sum[1] + high, sum[2] + low
    end
  end
  give_back(sums, fields)
  free_slots(members)
  write_many('ZREM', expiries, found.ids)
  write_many('HDEL', holds, found.ids)
  write_many('HDEL', notes, found.ids)
  return forgotten
end

-- Ends holds. Of each that is alive and each of its buckets, `returned` says how many units go back.
local function end_holds(found, returned)
  local used, rates = {}, {}
  for index, hold in ipairs(forget(found)) do
    for place, key in ipairs(found.ends[index] > now and hold.bucketKeys or {}) do
      local units = returned(hold, place, found.ids[index])
      if units ~= 0 then
        rates[key] = hold.perMinute[place]
        used[key] = used[key] or used_of(redis.call('GET', bucket_prefix .. key), rates[key])
        used[key] = math.max(0, used[key] - units)
      end
    end
  end
  for key, units in pairs(used) do store_used(key, rates[key], units) end
end

-- `tokens_of`: what each used, or false where nobody knows.
local function settle_holds(found, tokens_of)
  end_holds(found, function(hold, place, id)
    local tokens = hold.correctable[place] and tokens_of[id]
    return tokens and hold.charged[place] - tokens * minute or 0
  end)
end

local function sweep_holds()
  local expired = redis.call('ZRANGEBYSCORE', expiries, '-inf', now_text, 'LIMIT', 0, 32)
  if #expired == 0 then return 0 end
  forget(find_holds(expired))
  -- Also of those that have no hold any more.
  redis.call('ZREM', expiries, unpack(expired))
  return #expired
end

local swept = sweep_holds()
