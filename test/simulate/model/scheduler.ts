import type { LoadReport, TargetConfig } from '@weir/contracts';
import type { Random } from '../../../services/simulator/src/core/seeded-random.ts';
import type { Policy } from '../policies.ts';
import { createProductCore, type Place, type ProductCore, pool } from './product-core.ts';

export interface Placement {
  readonly target: string;
  /** 0 where the policy does not number what it sends. */
  readonly dispatch: number;
}

export interface SchedulerInput {
  readonly name: string;
  readonly targets: readonly TargetConfig[];
  readonly policy: Policy;
  readonly random: Random;
}

/** One scheduler: the product's core, asked as a policy says. An adapter has the name of its only target. */
export class Scheduler {
  readonly name: string;
  /** A message that the queue group gives to one that is dead is lost. */
  isAlive = true;
  readonly core: ProductCore;
  readonly #policy: Policy;
  readonly #random: Random;

  constructor({ name, targets, policy, random }: SchedulerInput) {
    this.name = name;
    this.core = createProductCore(name, targets);
    this.#policy = policy;
    this.#random = random;
  }

  apply(report: LoadReport, now: number): void {
    if (this.isAlive) this.core.apply(report, now);
  }

  hear(
    scheduler: string,
    target: string,
    placement: { dispatch: number; tokens: number },
    now: number,
  ): void {
    if (this.isAlive) this.core.hear(scheduler, { pool, instance: target, target, ...placement }, now);
  }

  place(tokens: number, excluded: ReadonlySet<string>, now: number): Placement | undefined {
    const place = this.#choose(tokens, excluded, now);
    if (place === undefined) return undefined;
    const dispatch = this.#policy.reserves ? this.core.reserve(place, tokens, now) : 0;
    return { target: place.target, dispatch };
  }

  #choose(inputTokens: number, excluded: ReadonlySet<string>, now: number): Place | undefined {
    const { chooses, takesTwo } = this.#policy;
    const random = this.#random;
    if (chooses === 'random') {
      const open = this.core.view(now).filter(({ isOpen, target }) => isOpen && !excluded.has(target));
      return open[Math.floor(random() * open.length)];
    }
    const isCurrent = takesTwo === 'when-late' ? undefined : takesTwo === 'never';
    return this.core.select({ strategy: chooses, isCurrent, inputTokens, excluded, now, random });
  }
}
