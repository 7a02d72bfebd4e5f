-- ARGV: of each reservation six values: id; time to live in ms; the keys of the slots as JSON, or nothing; what the hold
-- keeps, and by what it is judged, each as JSON of parallel lists, amounts as text; 1 for a copy of a request that was
-- submitted before, or 0. They are decided on in order, as if each came alone. What they share is read and written once.
local requests, ids = {}, {}
for at = 1, #ARGV, 6 do
  local slots_text, kept_text = ARGV[at + 2], ARGV[at + 3]
  local request = { id = ARGV[at], expiry = whole(now + ARGV[at + 1]), is_copy = ARGV[at + 5] == '1' }
  request.slots_text, request.slots = slots_text, slots_text == '' and {} or cjson.decode(slots_text)
  request.kept_text, request.kept = kept_text, cjson.decode(kept_text)
  request.terms = cjson.decode(ARGV[at + 4])
  requests[#requests + 1], ids[#ids + 1] = request, request.id
end

-- Of each id that holds already, its hold. Asked first: one that expired gives back what stands below.
local held = {}
local function find_held()
  local found = find_holds(ids)
  if #found.ids == 0 then return end
  for index, id in ipairs(found.ids) do
    if found.ends[index] > now then held[id] = found.texts[index] end
  end
  forget(those_of(found, function(id)
    return not held[id]
  end))
end
find_held()

-- Reads each name once, when it is first asked for by anyone.
local function read_once(known, names, read)
  local missing = {}
  for _, name in ipairs(names) do
    if known[name] == nil then
      known[name] = false
      missing[#missing + 1] = name
    end
  end
  for index, value in ipairs(#missing > 0 and read(missing) or {}) do known[missing[index]] = value end
end

-- By key: what is stored, and once something was charged how much is used, and what it is refilled by.
local stored_buckets, used_units, refills = {}, {}, {}
local function read_buckets(keys)
  read_once(stored_buckets, keys, function(missing)
    local names = {}
    for index, key in ipairs(missing) do names[index] = bucket_prefix .. key end
    return redis.call('MGET', unpack(names))
  end)
end

-- By key: how many run, and who came, each behind its expiry.
local running, entered = {}, {}
local function running_in(key)
  if not running[key] then
    running[key] = redis.call('ZCOUNT', slot_prefix .. key, '(' .. now_text, '+inf')
    entered[key] = {}
  end
  return running[key]
end

-- By field: amounts as text, or false; and of what is held the limbs, once something was added.
local amounts, held_high, held_low = {}, {}, {}
local function read_amounts(fields)
  read_once(amounts, fields, function(missing)
    return read_many('HMGET', counters, missing)
  end)
end

local function held_of(field)
  if held_high[field] then return held_high[field], held_low[field] end
  return limbs_of(amounts[field] or '0')
end

local function refuse(judged, by, index, enforce)
  if not enforce then
    table.insert(judged.would_deny, { by, index - 1 })
  elseif not judged.refusal then
    judged.refusal = { by, index - 1 }
  end
end

local function judge_buckets(judged, kept, terms)
  local keys = kept.bucketKeys
  read_buckets(keys)
  for index, key in ipairs(keys) do
    local per_minute, enforce = kept.perMinute[index], terms.bucketsEnforced[index]
    local used = used_units[key] or used_of(stored_buckets[key], per_minute)
    judged.used[index] = used
    local excess = used + (terms.costs[index] - terms.capacities[index]) * minute
    if excess > 0 then
      refuse(judged, 'bucket', index, enforce)
      if enforce then judged.retry_after = math.max(judged.retry_after, math.ceil(excess / per_minute)) end
    end
  end
end

local function judge_slots(judged, slots, terms)
  for index, key in ipairs(slots) do
    judged.places[index] = running_in(key)
    if judged.places[index] >= terms.slotLimits[index] then
      refuse(judged, 'slot', index, terms.slotsEnforced[index])
    end
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
local function fields_of(kept, carries)
  local fields = {}
  for index, counter in ipairs(kept.counters) do
    fields[2 * index - 1], fields[2 * index] = counter .. '|s', counter .. '|h'
  end
  for index in ipairs(kept.counters) do
    local carry = carries and carries[index]
    if carry then fields[#fields + 1] = carry[1] .. '|s' end
  end
  return fields
end

-- Spent, held and limit of each, as text, and the limbs of what would be held.
local function judge_budgets(judged, kept, terms)
  local carries, fields = terms.carries, fields_of(kept, terms.carries)
  read_amounts(fields)
  for index in ipairs(kept.counters) do
    local spent, field, limit = amounts[fields[2 * index - 1]] or '0', fields[2 * index], terms.limits[index]
    local high, low = held_of(field)
    local more_high, more_low = limbs_of(kept.amounts[index])
    high, low = high + more_high, low + more_low
    local spent_high, spent_low = limbs_of(spent)
    local limit_high, limit_low = limbs_of(limit)
    local carry = carries and carries[index]
    if carry then
      local carried_high, carried_low = carried(carry, amounts[carry[1] .. '|s'])
      limit_high, limit_low = limit_high + carried_high, limit_low + carried_low
      limit = text_of(limit_high, limit_low)
    end
    local needs_some = positive(more_high, more_low)
    if needs_some and positive(high + spent_high - limit_high, low + spent_low - limit_low) then
      refuse(judged, 'budget', index, terms.budgetsEnforced[index])
    end
    judged.held_fields[index], judged.high[index], judged.low[index] = field, high, low
    local budgets = judged.budgets
    budgets[3 * index - 2], budgets[3 * index - 1], budgets[3 * index] = spent, amounts[field] or '0', limit
  end
end

local function judge(request)
  local judged = { would_deny = {}, retry_after = -1, used = {}, places = {} }
  judged.budgets, judged.held_fields, judged.high, judged.low = {}, {}, {}, {}
  judge_buckets(judged, request.kept, request.terms)
  judge_slots(judged, request.slots, request.terms)
  judge_budgets(judged, request.kept, request.terms)
  return judged
end

-- One that is not enforced goes into debt, but no further than its capacity.
local function charge_buckets(judged, kept, terms)
  local charged = {}
  for index, key in ipairs(kept.bucketKeys) do
    local units = terms.costs[index] * minute
    if not terms.bucketsEnforced[index] then
      units = math.max(0, math.min(units, 2 * terms.capacities[index] * minute - judged.used[index]))
    end
    judged.used[index], charged[index] = judged.used[index] + units, whole(units)
    used_units[key], refills[key] = judged.used[index], kept.perMinute[index]
  end
  return table.concat(charged, ' ')
end

local new_periods, new_holds, new_expiries = {}, {}, {}
local function hold_amounts(judged, kept)
  for index, counter in ipairs(kept.counters) do
    local field = judged.held_fields[index]
    if not amounts[field] and not amounts[counter .. '|s'] then add_period(new_periods, counter) end
    local high, low = judged.high[index], judged.low[index]
    held_high[field], held_low[field], amounts[field] = high, low, text_of(high, low)
    judged.budgets[3 * index - 1] = amounts[field]
  end
end

local function take(request, judged)
  local id, expiry, kept = request.id, request.expiry, request.kept
  local charged = charge_buckets(judged, kept, request.terms)
  for index, key in ipairs(request.slots) do
    running[key] = running[key] + 1
    judged.places[index] = running[key]
    table.insert(entered[key], expiry)
    table.insert(entered[key], id)
  end
  hold_amounts(judged, kept)
  held[id] = request.slots_text .. '\n' .. charged .. '\n' .. request.kept_text
  table.insert(new_holds, id)
  table.insert(new_holds, held[id])
  table.insert(new_expiries, expiry)
  table.insert(new_expiries, id)
  if request.is_copy then store_note(id, { accounts = 0, shared = true }) end
end

local function write_all()
  for key, used in pairs(used_units) do store_used(key, refills[key], used) end
  for key, members in pairs(entered) do write_many('ZADD', slot_prefix .. key, members) end
  local changed = {}
  for field in pairs(held_high) do
    changed[#changed + 1] = field
    changed[#changed + 1] = amounts[field]
  end
  write_many('HSET', counters, changed)
  write_many('ZADD', periods, new_periods)
  write_many('HSET', holds, new_holds)
  write_many('ZADD', expiries, new_expiries)
end

local function share(id)
  local note = notes_of({ id })[id]
  note.shared, note.awaited = true, nil
  store_note(id, note)
end

local function states_of(judged, kept, terms)
  local buckets = {}
  for index, units in ipairs(judged.used) do
    buckets[2 * index - 1] = math.floor((terms.capacities[index] * minute - units) / minute)
    buckets[2 * index] = math.ceil(units / kept.perMinute[index])
  end
  return buckets, judged.places, judged.budgets
end

local is_initialised
local function knows_totals()
  if is_initialised == nil then is_initialised = redis.call('HEXISTS', meta, 'watermark') == 1 end
  return is_initialised
end

-- Whatever else stands: it cannot be judged, or never fits.
local function rejected(kept, terms)
  if #kept.counters > 0 and not knows_totals() then return { 'uninitialised' } end
  for index, cost in ipairs(terms.costs) do
    if terms.bucketsEnforced[index] and cost > terms.capacities[index] then return { 'too_large', index - 1 } end
  end
end

local function reserve(request)
  local id, kept, terms = request.id, request.kept, request.terms
  local again = held[id]
  local rejection = not again and rejected(kept, terms)
  if rejection then return rejection end
  local judged = judge(request)
  if again then
    if request.is_copy then share(id) end
    local hold = hold_of(again)
    return { 'reserved', 1, { hold.outputCap or '', hold.fallback and 1 or 0 }, states_of(judged, kept, terms) }
  end
  if judged.refusal then return { 'denied', judged.refusal, judged.retry_after, states_of(judged, kept, terms) } end
  take(request, judged)
  return { 'reserved', 0, judged.would_deny, states_of(judged, kept, terms) }
end

local answers = {}
for index, request in ipairs(requests) do answers[index] = reserve(request) end
write_all()
return answers
