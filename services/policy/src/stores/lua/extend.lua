-- ARGV: time to live in ms, then the ids.
local longer = now + ARGV[1]
for index = 2, #ARGV do
  local id = ARGV[index]
  local record, expiry = live_hold(id)
  if record and expiry < longer then
    redis.call('ZADD', expiries, whole(longer), id)
    for _, key in ipairs(record.slots) do redis.call('ZADD', slot_prefix .. key, whole(longer), id) end
  end
end
