-- ARGV: the counters.
local fields = {}
for index, counter in ipairs(ARGV) do
  fields[2 * index - 1], fields[2 * index] = counter .. '|s', counter .. '|h'
end
return read_many('HMGET', counters, fields)
