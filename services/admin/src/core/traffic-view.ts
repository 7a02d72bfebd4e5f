import type { CanaryConfig, CanaryOutcomes, CanaryState, RouteConfig } from '@weir/contracts';
import { canaryRevision } from '@weir/routing';
import { type Refusal, refuse } from './refusal.ts';

/** A canary as the API shows it. */
export interface CanaryView {
  readonly route: string;
  readonly stable: string;
  readonly canary: string;
  /** `waiting`: no scheduler has begun it. */
  readonly phase: CanaryState['phase'] | 'waiting';
  /** From 1, and how many there are. */
  readonly step: number;
  readonly steps: number;
  /** Percent of the requests. */
  readonly weight: number;
  /** RFC 3339. Absent while it waits. */
  readonly since?: string;
  readonly reason?: string;
  /** What it was judged by when it got its share. */
  readonly seen?: CanaryOutcomes;
}

export interface StoredCanary {
  readonly state: CanaryState;
  /** Of the bucket. */
  readonly revision: number;
}

export type KeptCanaries = ReadonlyMap<string, StoredCanary>;

const toView = (route: string, config: CanaryConfig, stored: StoredCanary | undefined): CanaryView => {
  const names = { route, stable: config.stable, canary: config.canary };
  const steps = config.steps.length;
  const state = stored?.state;
  // What is stored of another configuration is over.
  if (state?.revision !== canaryRevision(config))
    return { ...names, phase: 'waiting', step: 0, steps, weight: 0 };
  const { phase, step, weight, since, reason, seen } = state;
  return {
    ...names,
    phase,
    step: step + 1,
    steps,
    weight,
    since: new Date(since).toISOString(),
    ...(reason === undefined ? {} : { reason }),
    ...(seen === undefined ? {} : { seen }),
  };
};

/** The canaries of the configuration, and how far they have come. */
export const canariesOf = (routes: readonly RouteConfig[], kept: KeptCanaries): readonly CanaryView[] =>
  routes.flatMap(({ name, canary }) => (canary ? [toView(name, canary, kept.get(name))] : []));

export const canaryActions = ['promote', 'rollback'] as const;

export type CanaryAction = (typeof canaryActions)[number];

export type CanaryChangeDecision =
  | Refusal
  | {
      readonly outcome: 'changed';
      readonly state: CanaryState;
      /** Revision of the entry that it takes the place of. */
      readonly replaces: number;
      readonly view: CanaryView;
    };

/** What an operator makes of a canary. It stays so until its configuration changes. `now`: milliseconds since the epoch. */
export const decideCanaryChange = (input: {
  readonly route: RouteConfig | undefined;
  readonly stored: StoredCanary | undefined;
  readonly action: CanaryAction;
  readonly now: number;
}): CanaryChangeDecision => {
  const { route, stored, action, now } = input;
  const config = route?.canary;
  if (!route || !config) return refuse('canary_not_found', 'There is no such route, or it has no canary.');
  if (stored?.state.revision !== canaryRevision(config))
    return refuse('not_ready', 'No scheduler has begun this canary yet.');
  const { reason: _reason, seen: _seen, ...before } = stored.state;
  const last = config.steps.length - 1;
  const change =
    action === 'promote'
      ? ({ phase: 'promoted', step: last, weight: config.steps[last]?.weight ?? 0 } as const)
      : ({ phase: 'rolled_back', weight: 0 } as const);
  const state: CanaryState = { ...before, ...change, since: now, reason: 'operator' };
  const view = toView(route.name, config, { state, revision: stored.revision });
  return { outcome: 'changed', state, replaces: stored.revision, view };
};
