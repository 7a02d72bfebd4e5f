/** Blocks of KV that one sequence has. Shared blocks are those of its prompt's prefix, by chain hash. */
export interface BlockLease {
  readonly shared: number[];
  own: number;
}

/** Counts blocks instead of naming them: only cached blocks need an identity. */
export class BlockPool {
  readonly #blocks: number;
  /** Cached blocks in use, with the number of their holders. */
  readonly #held = new Map<number, number>();
  /** Cached blocks that nobody uses. Insertion order is the order of eviction. */
  readonly #idle = new Set<number>();
  #free: number;

  constructor(blocks: number) {
    this.#blocks = blocks;
    this.#free = blocks;
  }

  /** Blocks that some sequence has; the rest is free or can be evicted. */
  get usedBlocks(): number {
    return this.#blocks - this.#free - this.#idle.size;
  }

  get cachedBlocks(): number {
    return this.#held.size + this.#idle.size;
  }

  /** Number of leading blocks that are in the cache, `limit` at most. */
  matchPrefix(hashes: readonly number[], limit: number): number {
    let hits = 0;
    for (const hash of hashes) {
      if (hits === limit || !this.#isCached(hash)) break;
      hits += 1;
    }
    return hits;
  }

  /** Blocks that are free or can be evicted, when the first `hits` of `hashes` are wanted themselves. */
  available(hashes: readonly number[], hits: number): number {
    const wanted = hashes.slice(0, hits).filter((hash) => this.#idle.has(hash)).length;
    return this.#free + this.#idle.size - wanted;
  }

  /** Takes the first `hits` blocks from the cache and `own` new ones. `undefined` when they do not fit. */
  open(hashes: readonly number[], hits: number, own: number): BlockLease | undefined {
    const shared = hashes.slice(0, hits);
    for (const hash of shared) this.#hold(hash);
    if (this.#take(own)) return { shared, own };
    for (const hash of shared.toReversed()) this.#drop(hash);
    return undefined;
  }

  /** One more block, or `false`. */
  grow(lease: BlockLease): boolean {
    const grown = this.#take(1);
    if (grown) lease.own += 1;
    return grown;
  }

  /** Puts the computed prompt blocks into the cache, still held by the lease. */
  publish(lease: BlockLease, hashes: readonly number[]): void {
    for (const hash of hashes.slice(lease.shared.length)) {
      // Two sequences computed the same block at once: the copy is returned.
      if (this.#isCached(hash)) this.#free += 1;
      this.#hold(hash);
      lease.shared.push(hash);
      lease.own -= 1;
    }
  }

  close(lease: BlockLease): void {
    this.#free += lease.own;
    lease.own = 0;
    // The end of a prefix is worth less than its beginning, so it is evicted first.
    for (const hash of lease.shared.toReversed()) this.#drop(hash);
    lease.shared.length = 0;
  }

  #isCached(hash: number): boolean {
    return this.#held.has(hash) || this.#idle.has(hash);
  }

  #take(count: number): boolean {
    if (this.#free + this.#idle.size < count) return false;
    for (const oldest of this.#idle) {
      if (this.#free >= count) break;
      this.#idle.delete(oldest);
      this.#free += 1;
    }
    this.#free -= count;
    return true;
  }

  #hold(hash: number): void {
    this.#idle.delete(hash);
    this.#held.set(hash, (this.#held.get(hash) ?? 0) + 1);
  }

  #drop(hash: number): void {
    const holders = this.#held.get(hash) ?? 0;
    if (holders > 1) {
      this.#held.set(hash, holders - 1);
      return;
    }
    this.#held.delete(hash);
    this.#idle.add(hash);
  }
}
