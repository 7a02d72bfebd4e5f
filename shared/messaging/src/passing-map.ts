/**
 * A map for what comes and goes with each request. When V8's Map makes room again, the table that it leaves points to all
 * that it held, and to the next table. Once one such table is in the old generation so is, until the next full collection,
 * everything that any later one held: scavenges copy the state of requests that have long ended. Here the tables hold
 * places, and a place is emptied when its entry goes. There are as many places as there were ever entries at a time.
 */
export class PassingMap<Key, Value extends object> {
  readonly #placeOf = new Map<Key, number>();
  #values: (Value | undefined)[] = [];
  #free: number[] = [];

  get size(): number {
    return this.#placeOf.size;
  }

  get(key: Key): Value | undefined {
    const place = this.#placeOf.get(key);
    return place === undefined ? undefined : this.#values[place];
  }

  /** What was there goes; the entry keeps its place in the order. */
  set(key: Key, value: Value): void {
    let place = this.#placeOf.get(key);
    if (place === undefined) {
      place = this.#free.pop() ?? this.#values.length;
      this.#placeOf.set(key, place);
    }
    this.#values[place] = value;
  }

  /** False where there was none. */
  delete(key: Key): boolean {
    const place = this.#placeOf.get(key);
    if (place === undefined) return false;
    this.#values[place] = undefined;
    this.#free.push(place);
    return this.#placeOf.delete(key);
  }

  clear(): void {
    this.#placeOf.clear();
    this.#values = [];
    this.#free = [];
  }

  /** In the order in which they came. Entries may go, and others come, meanwhile. */
  *values(): Generator<Value> {
    for (const place of this.#placeOf.values()) {
      const value = this.#values[place];
      if (value !== undefined) yield value;
    }
  }
}
