-- ARGV: the ids.
for _, id in ipairs(ARGV) do
  local record = live_hold(id)
  if record and #record.slots > 0 then
    for _, key in ipairs(record.slots) do redis.call('ZREM', slot_prefix .. key, id) end
    record.slots = {}
    redis.call('HSET', holds, id, cjson.encode(record))
  end
end
