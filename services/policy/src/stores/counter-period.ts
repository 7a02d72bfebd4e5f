/**
 * When the period of a counter ends, seconds since the epoch: the last field of a `counterText`. Undefined for a name
 * that is none. It is read from the end alone, because Lua reads it too.
 */
export const periodEndOf = (counter: string): number | undefined => {
  const end = /\|(\d+)$/.exec(counter)?.[1];
  return end === undefined ? undefined : Number(end);
};
