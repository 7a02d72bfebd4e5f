-- ARGV[1]: the reservation as JSON, amounts as text.
local reservation = cjson.decode(ARGV[1])
local expiry = now + reservation.ttlMs
-- Asked first: it may give back what stands below.
local again = live_hold(reservation.id)

local function carried(carry)
  local before = carry and spent_on(carry.counter)
  if not before then return zero end
  local left, most = minus(amount_of(carry.limit), before), amount_of(carry.most)
  if less(left, zero) then return zero end
  return less(most, left) and most or left
end

local used, places, standings = {}, {}, {}
for index, bucket in ipairs(reservation.buckets) do used[index] = used_of(bucket.key, bucket.perMinute) end
for index, slot in ipairs(reservation.slots) do
  redis.call('ZREMRANGEBYSCORE', slot_prefix .. slot.key, '-inf', whole(now))
  places[index] = redis.call('ZCARD', slot_prefix .. slot.key)
end
for index, budget in ipairs(reservation.budgets) do
  standings[index] = {
    spent = spent_on(budget.counter),
    held = held_on(budget.counter),
    limit = plus(amount_of(budget.limit), carried(budget.carry)),
  }
end

local function states()
  local buckets, budgets = {}, {}
  for index, bucket in ipairs(reservation.buckets) do
    local remaining = math.floor((bucket.capacity * minute - used[index]) / minute)
    buckets[index] = { remaining, math.ceil(used[index] / bucket.perMinute) }
  end
  for index, standing in ipairs(standings) do
    budgets[index] = {
      text_of(standing.spent or zero), text_of(standing.held or zero), text_of(standing.limit),
    }
  end
  return buckets, places, budgets
end

local refusal, would_deny, retry_after = nil, {}, -1
local function refuse(by, index, enforce)
  if not enforce then
    table.insert(would_deny, { by, index - 1 })
  elseif not refusal then
    refusal = { by, index - 1 }
  end
end

local function check()
  for index, bucket in ipairs(reservation.buckets) do
    local excess = used[index] + (bucket.cost - bucket.capacity) * minute
    if excess > 0 then
      refuse('bucket', index, bucket.enforce)
      if bucket.enforce then retry_after = math.max(retry_after, math.ceil(excess / bucket.perMinute)) end
    end
  end
  for index, slot in ipairs(reservation.slots) do
    if places[index] >= slot.limit then refuse('slot', index, slot.enforce) end
  end
  for index, budget in ipairs(reservation.budgets) do
    local standing = standings[index]
    local taken = plus(standing.spent or zero, standing.held or zero)
    if less(standing.limit, plus(taken, amount_of(budget.amount))) then refuse('budget', index, budget.enforce) end
  end
end

-- One that is not enforced goes into debt, but no further than its capacity.
local function charge(bucket, index)
  local units = bucket.cost * minute
  if not bucket.enforce then
    units = math.max(0, math.min(units, 2 * bucket.capacity * minute - used[index]))
  end
  used[index] = used[index] + units
  store_used(bucket.key, bucket.perMinute, used[index])
  return { key = bucket.key, perMinute = bucket.perMinute, charged = whole(units), correctable = bucket.correctable }
end

local function take()
  local record = { buckets = {}, slots = {}, budgets = {}, outputCap = reservation.outputCap }
  for index, bucket in ipairs(reservation.buckets) do record.buckets[index] = charge(bucket, index) end
  for index, slot in ipairs(reservation.slots) do
    redis.call('ZADD', slot_prefix .. slot.key, whole(expiry), reservation.id)
    places[index] = places[index] + 1
    record.slots[index] = slot.key
  end
  for index, budget in ipairs(reservation.budgets) do
    local standing, amount = standings[index], amount_of(budget.amount)
    add_to(budget.counter, '|h', standing.held, amount)
    standing.held = plus(standing.held or zero, amount)
    record.budgets[index] = { counter = budget.counter, amount = budget.amount }
  end
  redis.call('HSET', holds, reservation.id, cjson.encode(record))
  redis.call('ZADD', expiries, whole(expiry), reservation.id)
end

if again then return { 'reserved', 1, again.outputCap or '', states() } end
if #reservation.budgets > 0 and redis.call('HEXISTS', meta, 'watermark') == 0 then return { 'uninitialised' } end
for index, bucket in ipairs(reservation.buckets) do
  if bucket.enforce and bucket.cost > bucket.capacity then return { 'too_large', index - 1 } end
end
check()
if refusal then return { 'denied', refusal, retry_after, states() } end
take()
return { 'reserved', 0, would_deny, states() }
