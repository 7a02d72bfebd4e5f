import { prefixEnds } from '@weir/contracts';

/** Bytes of the prompt that a target has read before. `since`: what it read earlier is gone. */
export type CachedBytesOf = (target: string, since: number | undefined) => number;

/**
 * Which target has read which prefixes, by what this scheduler has sent: a guess at what is in its cache.
 * A machine: times are passed in, milliseconds since the epoch.
 */
export interface PrefixMemory {
  note(pool: string, target: string, prefixes: readonly string[], now: number): void;
  recall(pool: string, prefixes: readonly string[], now: number): CachedBytesOf;
}

/** 10 MB or so. The longest unused goes first. */
const maxPrefixes = 32_768;
/** More copies of a prefix than these are not worth knowing of. */
const maxTargets = 8;
/** Engines forget, too. */
const forgetAfterMs = 600_000;

class Memory implements PrefixMemory {
  /** By pool and digest: when each target was last sent it. The order of entries is that of use. */
  readonly #readers = new Map<string, Map<string, number>>();

  note(pool: string, target: string, prefixes: readonly string[], now: number): void {
    for (const prefix of prefixes) {
      const key = `${pool} ${prefix}`;
      const readers = this.#readers.get(key) ?? new Map<string, number>();
      this.#readers.delete(key);
      this.#readers.set(key, readers);
      readers.delete(target);
      readers.set(target, now);
      if (readers.size > maxTargets) removeFirst(readers);
    }
    while (this.#readers.size > maxPrefixes) removeFirst(this.#readers);
  }

  recall(pool: string, prefixes: readonly string[], now: number): CachedBytesOf {
    const known = prefixes.map((prefix) => this.#readers.get(`${pool} ${prefix}`));
    return (target, since) => {
      const oldest = Math.max(now - forgetAfterMs, since ?? Number.NEGATIVE_INFINITY);
      const longest = known.findLastIndex(
        (readers) => (readers?.get(target) ?? Number.NEGATIVE_INFINITY) >= oldest,
      );
      return prefixEnds[longest] ?? 0;
    };
  }
}

const removeFirst = (entries: Map<string, unknown>): void => {
  const [first] = entries.keys();
  if (first !== undefined) entries.delete(first);
};

export const createPrefixMemory = (): PrefixMemory => new Memory();
