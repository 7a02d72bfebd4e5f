-- ARGV: the ids.
end_holds(find_holds(ARGV), function(hold, place)
  return hold.charged[place]
end)
