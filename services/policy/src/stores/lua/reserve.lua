-- ARGV: id; time to live in ms; the keys of the slots as JSON, or nothing; what the hold keeps, and by what it is judged,
-- each as JSON of parallel lists, amounts as text; 1 for a copy of a request that was submitted before, or 0.
local id, expiry, is_copy = ARGV[1], whole(now + ARGV[2]), ARGV[6] == '1'
local slots = ARGV[3] == '' and {} or cjson.decode(ARGV[3])
local kept, terms = cjson.decode(ARGV[4]), cjson.decode(ARGV[5])

-- Asked first: it may give back what stands below.
local function holds_already()
  local found = find_holds({ id })
  if found.ids[1] and found.ends[1] <= now then forget(found) end
  return found.ids[1] and found.ends[1] > now
end
local again = redis.call('HEXISTS', holds, id) == 1 and holds_already()

local refusal, would_deny, retry_after = nil, {}, -1
local function refuse(by, index, enforce)
  if not enforce then
    table.insert(would_deny, { by, index - 1 })
  elseif not refusal then
    refusal = { by, index - 1 }
  end
end

local used, bucket_keys = {}, {}
local function judge_buckets()
  if #kept.bucketKeys == 0 then return end
  for index, key in ipairs(kept.bucketKeys) do bucket_keys[index] = bucket_prefix .. key end
  for index, stored in ipairs(redis.call('MGET', unpack(bucket_keys))) do
    local per_minute, enforce = kept.perMinute[index], terms.bucketsEnforced[index]
    used[index] = used_of(stored, per_minute)
    local excess = used[index] + (terms.costs[index] - terms.capacities[index]) * minute
    if excess > 0 then
      refuse('bucket', index, enforce)
      if enforce then retry_after = math.max(retry_after, math.ceil(excess / per_minute)) end
    end
  end
end

local places = {}
local function judge_slots()
  for index, key in ipairs(slots) do
    places[index] = redis.call('ZCOUNT', slot_prefix .. key, '(' .. now_text, '+inf')
    if places[index] >= terms.slotLimits[index] then refuse('slot', index, terms.slotsEnforced[index]) end
  end
end

local function carried(carry, before)
  if not before then return 0, 0 end
  local high, low = limbs_of(carry[2])
  local spent_high, spent_low = limbs_of(before)
  high, low = high - spent_high, low - spent_low
  if not positive(high, low) then return 0, 0 end
  local most_high, most_low = limbs_of(carry[3])
  if positive(high - most_high, low - most_low) then return most_high, most_low end
  return high, low
end

-- Spent and held of each counter, then the spent of those that something is carried over from.
local function read_amounts()
  local fields = {}
  for index, counter in ipairs(kept.counters) do
    fields[2 * index - 1], fields[2 * index] = counter .. '|s', counter .. '|h'
  end
  local carries_at = {}
  for index, carry in ipairs(terms.carries or {}) do
    if carry then
      fields[#fields + 1] = carry[1] .. '|s'
      carries_at[index] = #fields
    end
  end
  return fields, read_many('HMGET', counters, fields), carries_at
end

-- Spent, held and limit of each, as text, and what would be held.
local budgets, changed, new_periods = {}, {}, {}
local function judge_budgets()
  local fields, amounts, carries_at = read_amounts()
  for index, counter in ipairs(kept.counters) do
    local spent, held, limit = amounts[2 * index - 1], amounts[2 * index], terms.limits[index]
    if not spent and not held then add_period(new_periods, counter) end
    local high, low = limbs_of(held or '0')
    local more_high, more_low = limbs_of(kept.amounts[index])
    high, low = high + more_high, low + more_low
    local spent_high, spent_low = limbs_of(spent or '0')
    local limit_high, limit_low = limbs_of(limit)
    if carries_at[index] then
      local carried_high, carried_low = carried(terms.carries[index], amounts[carries_at[index]])
      limit_high, limit_low = limit_high + carried_high, limit_low + carried_low
      limit = text_of(limit_high, limit_low)
    end
    local needs_some = positive(more_high, more_low)
    if needs_some and positive(high + spent_high - limit_high, low + spent_low - limit_low) then
      refuse('budget', index, terms.budgetsEnforced[index])
    end
    changed[2 * index - 1], changed[2 * index] = fields[2 * index], text_of(high, low)
    budgets[3 * index - 2], budgets[3 * index - 1], budgets[3 * index] = spent or '0', held or '0', limit
  end
end

-- One that is not enforced goes into debt, but no further than its capacity.
local function charge_buckets()
  local charged = {}
  for index, key in ipairs(kept.bucketKeys) do
    local units = terms.costs[index] * minute
    if not terms.bucketsEnforced[index] then
      units = math.max(0, math.min(units, 2 * terms.capacities[index] * minute - used[index]))
    end
    used[index], charged[index] = used[index] + units, whole(units)
    store_used(key, kept.perMinute[index], used[index])
  end
  return table.concat(charged, ' ')
end

local function take()
  local charged = charge_buckets()
  for index, key in ipairs(slots) do
    redis.call('ZADD', slot_prefix .. key, expiry, id)
    places[index] = places[index] + 1
  end
  for index = 1, #kept.counters do budgets[3 * index - 1] = changed[2 * index] end
  write_many('HSET', counters, changed)
  write_many('ZADD', periods, new_periods)
  redis.call('HSET', holds, id, ARGV[3] .. '\n' .. charged .. '\n' .. ARGV[4])
  redis.call('ZADD', expiries, expiry, id)
  if is_copy then store_note(id, { accounts = 0, shared = true }) end
end

local function share()
  local note = notes_of({ id })[id]
  note.shared, note.awaited = true, nil
  store_note(id, note)
end

local function states()
  local buckets = {}
  for index, units in ipairs(used) do
    buckets[2 * index - 1] = math.floor((terms.capacities[index] * minute - units) / minute)
    buckets[2 * index] = math.ceil(units / kept.perMinute[index])
  end
  return buckets, places, budgets
end

if not again then
  if #kept.counters > 0 and redis.call('HEXISTS', meta, 'watermark') == 0 then return { 'uninitialised' } end
  for index, cost in ipairs(terms.costs) do
    if terms.bucketsEnforced[index] and cost > terms.capacities[index] then return { 'too_large', index - 1 } end
  end
end
judge_buckets()
judge_slots()
judge_budgets()
if again then
  if is_copy then share() end
  local hold = hold_of(redis.call('HGET', holds, id))
  return { 'reserved', 1, { hold.outputCap or '', hold.fallback and 1 or 0 }, states() }
end
if refusal then return { 'denied', refusal, retry_after, states() } end
take()
return { 'reserved', 0, would_deny, states() }
