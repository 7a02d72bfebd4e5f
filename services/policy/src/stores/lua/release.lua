-- ARGV: the ids.
for _, id in ipairs(ARGV) do
  local record = live_hold(id)
  if record then
    forget(id, record)
    for _, bucket in ipairs(record.buckets) do refill(bucket, tonumber(bucket.charged)) end
  end
end
