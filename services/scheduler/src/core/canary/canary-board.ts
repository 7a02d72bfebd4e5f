import {
  type CanaryConfig,
  type CanaryState,
  type OutcomeReport,
  readCanaryState,
  type WeirConfig,
} from '@weir/contracts';
import { canaryRevision } from '@weir/routing';
import { advanceCanary } from './advance-canary.ts';
import { createOutcomeWindow, noOutcomes, type OutcomeWindow } from './outcome-window.ts';

/** A state that is to be stored in place of the one of `replaces`; 0: there is none. */
export interface CanaryDecision {
  readonly route: string;
  readonly next: CanaryState;
  readonly replaces: number;
}

/** A state that was stored by anybody, and what was there before. */
export interface CanaryNews {
  readonly state: CanaryState;
  readonly before: CanaryState | undefined;
  readonly bucketRevision: number;
}

/** The canaries of all routes: what is configured, what is stored, what was counted. A machine. */
export interface CanaryBoard {
  /** Routes that have a canary. */
  readonly size: number;
  /** What another configuration of a canary counted is forgotten. */
  configure(config: Pick<WeirConfig, 'routes'>): void;
  hear(report: OutcomeReport, now: number): void;
  /** An entry of the bucket. `unreadable`: it is taken for none. Undefined: a deleted one. */
  learn(
    route: string,
    value: string | undefined,
    bucketRevision: number,
  ): CanaryNews | 'unreadable' | undefined;
  /** What has to change, by what is known. Nothing of it is true before it is stored, and learned. */
  decide(now: number): readonly CanaryDecision[];
  /** Percent of the route's requests that its canary gets: 0 as long as nothing is stored for its configuration. */
  weightOf(route: string): number;
  weights(): Iterable<readonly [route: string, weight: number]>;
}

interface Trial {
  readonly config: CanaryConfig;
  readonly revision: string;
  readonly window: OutcomeWindow;
  /** `window.total` when the step began, or when we learned of it. */
  answersBefore: number;
}

interface Stored {
  readonly state: CanaryState | undefined;
  readonly bucketRevision: number;
}

class Board implements CanaryBoard {
  #trials = new Map<string, Trial>();
  #stored = new Map<string, Stored>();

  get size(): number {
    return this.#trials.size;
  }

  configure({ routes }: Pick<WeirConfig, 'routes'>): void {
    const trials = new Map<string, Trial>();
    for (const { name, canary } of routes) {
      if (!canary) continue;
      const revision = canaryRevision(canary);
      const known = this.#trials.get(name);
      trials.set(name, known?.revision === revision ? known : openTrial(canary, revision));
    }
    this.#trials = trials;
  }

  hear({ instance, epoch, counts }: OutcomeReport, now: number): void {
    for (const count of counts) {
      const trial = this.#trials.get(count.route);
      if (trial?.revision === count.revision) trial.window.observe(instance, epoch, count, now);
    }
  }

  learn(
    route: string,
    value: string | undefined,
    bucketRevision: number,
  ): CanaryNews | 'unreadable' | undefined {
    const before = this.#stored.get(route)?.state;
    const state = value === undefined ? undefined : readCanaryState(value);
    this.#stored.set(route, { state, bucketRevision });
    const trial = this.#trials.get(route);
    if (trial) trial.answersBefore = trial.window.total.answers;
    if (state) return { state, before, bucketRevision };
    return value === undefined ? undefined : 'unreadable';
  }

  decide(now: number): readonly CanaryDecision[] {
    const decisions: CanaryDecision[] = [];
    for (const [route, { config, revision, window, answersBefore }] of this.#trials) {
      const stored = this.#stored.get(route);
      const answersInStep = window.total.answers - answersBefore;
      const recent = window.recent(now);
      const state = stored?.state;
      const next = advanceCanary({ route, config, revision, state, window: recent, answersInStep, now });
      if (next !== state) decisions.push({ route, next, replaces: stored?.bucketRevision ?? 0 });
    }
    return decisions;
  }

  weightOf(route: string): number {
    const revision = this.#trials.get(route)?.revision;
    const state = this.#stored.get(route)?.state;
    return state !== undefined && state.revision === revision ? state.weight : 0;
  }

  *weights(): Iterable<readonly [route: string, weight: number]> {
    for (const route of this.#trials.keys()) yield [route, this.weightOf(route)];
  }
}

const openTrial = (config: CanaryConfig, revision: string): Trial => ({
  config,
  revision,
  window: createOutcomeWindow(config.rollback.windowMs),
  answersBefore: noOutcomes.answers,
});

export const createCanaryBoard = (): CanaryBoard => new Board();
