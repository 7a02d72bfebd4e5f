// The one file that knows the scheduler's core: what changes there changes here.
import type { GossipedReservation, LoadReport, Strategy, TargetConfig } from '@weir/contracts';
import type { Place } from '../../../services/scheduler/src/core/place.ts';
import { createPoolView } from '../../../services/scheduler/src/core/pool-view.ts';
import { selectTarget } from '../../../services/scheduler/src/core/select-target.ts';
import { createTurns } from '../../../services/scheduler/src/core/turns.ts';

export type { Place };

export const pool = 'gpu';

export interface Question {
  readonly strategy: Strategy;
  /** Undefined: as the core judges its own view. */
  readonly isCurrent: boolean | undefined;
  readonly inputTokens: number;
  /** Names of targets that failed. */
  readonly excluded: ReadonlySet<string>;
  readonly now: number;
  readonly random: () => number;
}

/** The decisions of one scheduler, as its handlers would ask for them. */
export interface ProductCore {
  apply(report: LoadReport, now: number): void;
  hear(scheduler: string, reservation: GossipedReservation, now: number): void;
  gone(instance: string): void;
  view(now: number): readonly Place[];
  /** Undefined where the client would be told that the pool has no room, or is not there. */
  select(question: Question): Place | undefined;
  reserve(place: Pick<Place, 'instance' | 'target'>, tokens: number, now: number): number;
}

export const createProductCore = (self: string, targets: readonly TargetConfig[]): ProductCore => {
  const pools = createPoolView(self);
  const turns = createTurns();
  return {
    apply: (report, now) => {
      pools.apply(report, now);
    },
    hear: (scheduler, reservation, now) => pools.hear(scheduler, reservation, now),
    gone: (instance) => pools.gone(instance),
    view: (now) => pools.view(pool, now),
    select: ({ strategy, isCurrent, inputTokens, excluded, now, random }) => {
      const selection = selectTarget({
        upstream: { strategy, targets },
        places: pools.view(pool, now),
        // Health is not modelled: what fails here fails by its time-out.
        verdict: () => ({ outcome: 'admitted', penalty: 1 }),
        excluded,
        inputTokens,
        isCurrent: isCurrent ?? pools.isCurrent(pool, now),
        turn: turns.next(pool),
        now,
        random,
      });
      return selection.outcome === 'selected' ? selection.place : undefined;
    },
    reserve: ({ instance, target }, tokens, now) => pools.reserve({ pool, instance, target, tokens }, now),
  };
};
