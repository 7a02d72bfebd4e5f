/** A map that keeps its newest entries: when it is full, the one that was set longest ago goes. */
export interface BoundedMap<Key, Value> {
  readonly size: number;
  get(key: Key): Value | undefined;
  /** Returns the value that had to go, if any. */
  set(key: Key, value: Value): Value | undefined;
  delete(key: Key): boolean;
  entries(): Iterable<[Key, Value]>;
}

export const createBoundedMap = <Key, Value>(limit: number): BoundedMap<Key, Value> => {
  const map = new Map<Key, Value>();
  const takeOldest = (): Value | undefined => {
    for (const [key, value] of map) {
      map.delete(key);
      return value;
    }
    return undefined;
  };
  return {
    get size() {
      return map.size;
    },
    get: (key) => map.get(key),
    set: (key, value) => {
      map.delete(key);
      const evicted = map.size >= limit ? takeOldest() : undefined;
      map.set(key, value);
      return evicted;
    },
    delete: (key) => map.delete(key),
    entries: () => map.entries(),
  };
};
