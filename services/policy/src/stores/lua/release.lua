-- ARGV: the ids.
local known = notes_of(ARGV)
local own = those_of(find_holds(ARGV), function(id)
  return not known[id].shared
end)
end_holds(own, function(hold, place)
  return hold.charged[place]
end)
