import type { CanaryConfig, CanaryOutcomes, CanaryState } from '@weir/contracts';
import { judgeCanary } from './judge-canary.ts';

export interface CanaryInput {
  readonly route: string;
  readonly config: CanaryConfig;
  /** Of the configuration. */
  readonly revision: string;
  /** Undefined: there was never one. */
  readonly state: CanaryState | undefined;
  /** What ended within the last window. */
  readonly window: CanaryOutcomes;
  /** Attempts that ended since the step began, as far as we have seen. */
  readonly answersInStep: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The first step of a canary, whatever was there before. */
export const startCanary = ({
  route,
  config,
  revision,
  now,
}: Pick<CanaryInput, 'route' | 'config' | 'revision' | 'now'>): CanaryState => ({
  v: 1,
  route,
  revision,
  stable: config.stable,
  canary: config.canary,
  phase: 'progressing',
  step: 0,
  weight: config.steps[0]?.weight ?? 0,
  since: now,
});

const withoutReason = ({ reason: _reason, seen: _seen, ...state }: CanaryState): CanaryState => state;

const toNextStep = ({ config, window, now }: CanaryInput, state: CanaryState): CanaryState => {
  const next = config.steps[state.step + 1];
  const seen = { ...withoutReason(state), since: now, seen: window };
  return next ? { ...seen, step: state.step + 1, weight: next.weight } : { ...seen, phase: 'promoted' };
};

/**
 * What becomes of a canary: the same state, its next step, its promotion after the last one, or its rollback.
 * A step is over after its time, and when enough attempts were seen to say that nothing is wrong: without traffic it
 * waits. What is promoted or rolled back stays so until the configuration of the canary changes.
 */
export const advanceCanary = (input: CanaryInput): CanaryState => {
  const { config, revision, state, window, now } = input;
  if (state?.revision !== revision) return startCanary(input);
  if (state.phase !== 'progressing') return state;
  const reason = judgeCanary(config.rollback, window);
  if (reason !== undefined) {
    return { ...withoutReason(state), phase: 'rolled_back', weight: 0, since: now, reason, seen: window };
  }
  const isOver = now - state.since >= (config.steps[state.step]?.holdMs ?? 0);
  return isOver && input.answersInStep >= config.rollback.minRequests ? toNextStep(input, state) : state;
};
