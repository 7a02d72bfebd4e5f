import type { CanaryState } from './canary-state.ts';
import type { CloudEvent } from './usage-event.ts';

export const canaryEventType = 'io.weir.canary.v1';

export const canaryChanges = ['started', 'stepped', 'promoted', 'rolled_back'] as const;

export type CanaryChange = (typeof canaryChanges)[number];

/** The canary of a route gets another share of its requests. */
export interface CanaryChanged extends Omit<CanaryState, 'v'> {
  readonly change: CanaryChange;
}

export type CanaryEvent = CloudEvent<typeof canaryEventType, CanaryChanged>;

/** How a state came about. */
export const canaryChangeOf = ({ phase, step }: Pick<CanaryState, 'phase' | 'step'>): CanaryChange => {
  if (phase !== 'progressing') return phase;
  return step === 0 ? 'started' : 'stepped';
};

/** `bucketRevision` numbers the states of all routes, so everybody makes the same event of one state. */
export const toCanaryEvent = (source: string, state: CanaryState, bucketRevision: number): CanaryEvent => {
  const { v: _version, ...rest } = state;
  return {
    specversion: '1.0',
    type: canaryEventType,
    source,
    id: `canary.${state.route}.${bucketRevision}`,
    subject: state.route,
    time: new Date(state.since).toISOString(),
    datacontenttype: 'application/json',
    partitionkey: state.route,
    data: { change: canaryChangeOf(state), ...rest },
  };
};
