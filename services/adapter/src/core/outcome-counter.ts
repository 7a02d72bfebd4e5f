import type { AttemptOutcome, OutcomeCounts, OutcomeReport, WeirConfig } from '@weir/contracts';
import { canaryRevision } from '@weir/routing';

export interface EndedAttempt {
  readonly outcome: AttemptOutcome;
  readonly reason: string | undefined;
  /** Of the upstream's answer. Undefined: there was none. */
  readonly status: number | undefined;
}

/** What one attempt tells of the canary that it went to. Every call may come more than once. */
export interface OutcomeTicket {
  firstByte(now: number): void;
  /** Looks at the clock: a first byte that is overdue does not have to come to be known as slow. */
  tick(now: number): void;
  ended(attempt: EndedAttempt): void;
}

/** Counts how attempts at canaries go. A machine: no clock, no I/O. */
export interface OutcomeCounter {
  /** The counts of a canary begin anew when its configuration changes. */
  configure(config: Pick<WeirConfig, 'routes'>): void;
  /** Undefined: the upstream is not the canary of the route. */
  begin(route: string, upstream: string, startedAt: number): OutcomeTicket | undefined;
  /** Undefined: there are no canaries. */
  report(): OutcomeReport | undefined;
}

interface Trial {
  readonly upstream: string;
  readonly latencyMs: number | undefined;
  readonly counts: { -readonly [Field in keyof OutcomeCounts]: OutcomeCounts[Field] };
}

/** They say nothing of the upstream. */
const ownReasons: ReadonlySet<string> = new Set([
  'metering_unavailable',
  'bus_unavailable',
  'bug',
  'saturated',
  'draining',
]);

/** Of the statuses below 500, those that are no fault of the client. */
const failedStatuses: ReadonlySet<number> = new Set([401, 403, 408, 429]);

/** A refusal of what the client sent is an answer like any other. */
const hasFailed = ({ outcome, status }: EndedAttempt): boolean => {
  if (outcome === 'completed') return false;
  if (status === undefined || status < 400) return true;
  return status >= 500 || failedStatuses.has(status);
};

/** Of the others, nobody knows what the upstream would have done. */
const tellingOutcomes: ReadonlySet<AttemptOutcome> = new Set(['completed', 'provider_error', 'timeout']);

const says = ({ outcome, reason }: EndedAttempt): boolean =>
  tellingOutcomes.has(outcome) && !ownReasons.has(reason ?? '');

class Ticket implements OutcomeTicket {
  #trial: Trial;
  #startedAt: number;
  #isTimed = false;
  #isOver = false;

  constructor(trial: Trial, startedAt: number) {
    this.#trial = trial;
    this.#startedAt = startedAt;
  }

  firstByte(now: number): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    this.#trial.counts.firstBytes += 1;
    if (this.#isOverdue(now)) this.#trial.counts.slow += 1;
  }

  tick(now: number): void {
    if (!this.#isOver && this.#isOverdue(now)) this.firstByte(now);
  }

  ended(attempt: EndedAttempt): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!says(attempt)) return;
    this.#trial.counts.answers += 1;
    if (hasFailed(attempt)) this.#trial.counts.failures += 1;
  }

  #isOverdue(now: number): boolean {
    const { latencyMs } = this.#trial;
    return latencyMs !== undefined && now - this.#startedAt > latencyMs;
  }
}

export const createOutcomeCounter = (self: {
  readonly instance: string;
  /** Start of the instance, milliseconds since the epoch. */
  readonly epoch: number;
}): OutcomeCounter => {
  let trials = new Map<string, Trial>();

  const openTrial = (
    route: string,
    revision: string,
    canary: string,
    latencyMs: number | undefined,
  ): Trial => ({
    upstream: canary,
    latencyMs,
    counts: { route, revision, answers: 0, failures: 0, firstBytes: 0, slow: 0 },
  });

  return {
    configure: ({ routes }) => {
      const next = new Map<string, Trial>();
      for (const { name, canary } of routes) {
        if (!canary) continue;
        const revision = canaryRevision(canary);
        const known = trials.get(name);
        const isKnown = known?.counts.revision === revision;
        next.set(name, isKnown ? known : openTrial(name, revision, canary.canary, canary.rollback.latencyMs));
      }
      trials = next;
    },
    begin: (route, upstream, startedAt) => {
      const trial = trials.get(route);
      return trial?.upstream === upstream ? new Ticket(trial, startedAt) : undefined;
    },
    report: () => {
      if (trials.size === 0) return undefined;
      return { v: 1, ...self, counts: [...trials.values()].map(({ counts }) => ({ ...counts })) };
    },
  };
};
