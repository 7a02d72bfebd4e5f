-- What all scripts share; it stands before each of them. KEYS[1] is the hash tag that every key begins with, so all of
-- them are in one slot of a cluster, also those that a script finds in a hold's record and could not declare.
local tag = KEYS[1]
local counters = tag .. ':c' -- hash: <counter>|s spent, <counter>|h held
local periods = tag .. ':p' -- sorted set: counter by the second its period ends
local holds = tag .. ':h' -- hash: request id to record
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

-- Amounts exceed 2^53 (9 million dollars in nano-dollars), where doubles and therefore comparisons are inexact. So an
-- amount is two limbs, high * 10^9 + low, with 0 <= low < 10^9. Exact below 10^24.
local limb = 1000000000
local zero = { 0, 0 }

local function normalise(high, low)
  local carried = math.floor(low / limb)
  return { high + carried, low - carried * limb }
end

local function amount_of(text)
  local sign, digits = string.match(text, '^(-?)(%d+)$')
  local high = tonumber(string.sub(digits, 1, -10)) or 0
  local low = tonumber(string.sub(digits, -9))
  if sign == '-' then return normalise(-high, -low) end
  return { high, low }
end

local function text_of(amount)
  if amount[1] < 0 then return '-' .. text_of(normalise(-amount[1], -amount[2])) end
  if amount[1] == 0 then return whole(amount[2]) end
  return string.format('%.0f%09.0f', amount[1], amount[2])
end

local function plus(left, right)
  return normalise(left[1] + right[1], left[2] + right[2])
end

local function minus(left, right)
  return normalise(left[1] - right[1], left[2] - right[2])
end

local function less(left, right)
  return left[1] < right[1] or (left[1] == right[1] and left[2] < right[2])
end

-- False where nothing was spent yet.
local function spent_on(counter)
  local text = redis.call('HGET', counters, counter .. '|s')
  return text and amount_of(text)
end

local function held_on(counter)
  local text = redis.call('HGET', counters, counter .. '|h')
  return text and amount_of(text)
end

local function add_to(counter, kind, present, delta)
  if not present then
    local ends_at = string.match(counter, '|(%d+)$')
    if ends_at then redis.call('ZADD', periods, ends_at, counter) end
  end
  redis.call('HSET', counters, counter .. kind, text_of(plus(present or zero, delta)))
end

local function give_back(counter, amount)
  local held = held_on(counter)
  if not held then return end
  local left = minus(held, amount)
  if less(zero, left) then
    redis.call('HSET', counters, counter .. '|h', text_of(left))
  else
    redis.call('HDEL', counters, counter .. '|h')
  end
end

-- A bucket is what of it is used, in sixty-thousandths of a token: then each millisecond gives back `perMinute` of them,
-- and nothing is ever rounded. A bucket without a key is full.
local minute = 60000

local function used_of(key, per_minute)
  local stored = redis.call('GET', bucket_prefix .. key)
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
    redis.call('SET', bucket_prefix .. key, whole(used) .. ' ' .. whole(now), 'PX', full_in)
  end
end

local function refill(bucket, units)
  if units == 0 then return end
  store_used(bucket.key, bucket.perMinute, used_of(bucket.key, bucket.perMinute) - units)
end

local function forget(id, record)
  for _, budget in ipairs(record.budgets) do give_back(budget.counter, amount_of(budget.amount)) end
  for _, key in ipairs(record.slots) do redis.call('ZREM', slot_prefix .. key, id) end
  redis.call('ZREM', expiries, id)
  redis.call('HDEL', holds, id)
end

local function sweep_holds()
  local expired = redis.call('ZRANGEBYSCORE', expiries, '-inf', whole(now), 'LIMIT', 0, 32)
  for _, id in ipairs(expired) do
    local text = redis.call('HGET', holds, id)
    if text then forget(id, cjson.decode(text)) else redis.call('ZREM', expiries, id) end
  end
  return #expired
end

-- One that expired, and that the sweep has not come to yet, is none.
local function live_hold(id)
  local text = redis.call('HGET', holds, id)
  if not text then return nil end
  local record = cjson.decode(text)
  local expiry = tonumber(redis.call('ZSCORE', expiries, id) or 0)
  if expiry > now then return record, expiry end
  forget(id, record)
  return nil
end

local swept = sweep_holds()
