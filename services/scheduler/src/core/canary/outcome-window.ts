import type { CanaryOutcomes } from '@weir/contracts';

/** What is counted within a time; a machine. */
export interface OutcomeWindow {
  /** What an instance has counted since its start. Anything older or known already changes nothing. */
  observe(instance: string, epoch: number, counts: CanaryOutcomes, now: number): void;
  /** What was added within the last window. */
  recent(now: number): CanaryOutcomes;
  /** What was added at all. */
  readonly total: CanaryOutcomes;
}

interface Known {
  epoch: number;
  counts: CanaryOutcomes;
  heardAt: number;
}

interface Slot {
  readonly at: number;
  sum: CanaryOutcomes;
}

export const noOutcomes: CanaryOutcomes = { answers: 0, failures: 0, firstBytes: 0, slow: 0 };

/** So many slots make a window: what is counted ends at most this part of it late. */
const slotsInWindow = 50;
/** An instance that says nothing for so long is gone: what it may say later is its start again. */
const forgetMs = 600_000;
/** More adapters than any mesh has; the longest unheard one goes first. */
const maxInstances = 4_096;

const combine = (
  left: CanaryOutcomes,
  right: CanaryOutcomes,
  each: (left: number, right: number) => number,
): CanaryOutcomes => ({
  answers: each(left.answers, right.answers),
  failures: each(left.failures, right.failures),
  firstBytes: each(left.firstBytes, right.firstBytes),
  slow: each(left.slow, right.slow),
});

const add = (left: number, right: number): number => left + right;
const gain = (after: number, before: number): number => Math.max(0, after - before);

class SlottedWindow implements OutcomeWindow {
  total = noOutcomes;
  #slotMs: number;
  #windowMs: number;
  #instances = new Map<string, Known>();
  #slots: Slot[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
    this.#slotMs = Math.max(1, windowMs / slotsInWindow);
  }

  observe(instance: string, epoch: number, counts: CanaryOutcomes, now: number): void {
    this.#forget(now);
    const known = this.#instances.get(instance);
    if (known && known.epoch > epoch) return;
    const isKnown = known?.epoch === epoch;
    // When it was counted is not known of what an instance had before we first heard of it, unless it is new itself.
    const before = isKnown ? known.counts : known ? noOutcomes : counts;
    const latest = isKnown ? combine(counts, known.counts, Math.max) : counts;
    this.#instances.delete(instance);
    this.#instances.set(instance, { epoch, counts: latest, heardAt: now });
    this.#add(combine(latest, before, gain), now);
  }

  recent(now: number): CanaryOutcomes {
    let sum = noOutcomes;
    for (const slot of this.#slots) {
      if (slot.at > now - this.#windowMs) sum = combine(sum, slot.sum, add);
    }
    return sum;
  }

  #add(gained: CanaryOutcomes, now: number): void {
    if (gained.answers === 0 && gained.firstBytes === 0) return;
    this.total = combine(this.total, gained, add);
    this.#slots = this.#slots.filter(({ at }) => at > now - this.#windowMs);
    const last = this.#slots.at(-1);
    if (last && now - last.at < this.#slotMs) last.sum = combine(last.sum, gained, add);
    else this.#slots.push({ at: now, sum: gained });
  }

  #forget(now: number): void {
    for (const [instance, { heardAt }] of this.#instances) {
      if (now - heardAt < forgetMs && this.#instances.size <= maxInstances) return;
      this.#instances.delete(instance);
    }
  }
}

export const createOutcomeWindow = (windowMs: number): OutcomeWindow => new SlottedWindow(windowMs);
