import type {
  AdapterStatus,
  TargetConfig,
  TargetStatus,
  TargetVerdict,
  UpstreamConfig,
} from '@weir/contracts';
import { admit, hasHeadroom, toChoice } from '../choice.ts';
import type { Place } from '../place.ts';
import type { HealthDetail, HealthRefusal, HealthVerdict } from './health-board.ts';

export interface TargetFacts {
  readonly upstream: string;
  readonly config: UpstreamConfig;
  readonly target: TargetConfig;
  /** Fresh places that lead to the target. */
  readonly places: readonly Place[];
  readonly verdictOf: (place: Place) => HealthVerdict;
  /** Of the target, by instance. */
  readonly details: ReadonlyMap<string, HealthDetail>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const mostAdapters = 32;

const seconds = (milliseconds: number): string => `${(Math.max(0, milliseconds) / 1_000).toFixed(1)} s`;

interface Judgement {
  readonly verdict: TargetVerdict;
  readonly penalty: number;
  readonly sentence: string;
}

const refusedSentence = (
  reason: HealthRefusal,
  until: number | undefined,
  detail: HealthDetail | undefined,
  now: number,
): string => {
  const { health } = detail ?? {};
  const failures = `${health?.consecutiveFailures ?? 0} failures in a row, the last one ${health?.lastFailure ?? 'unknown'}`;
  const sentences: Readonly<Record<HealthRefusal, string>> = {
    circuit_open: `Its circuit is open (${failures}); a probe follows in ${seconds((until ?? now) - now)}.`,
    probing: `Its circuit is half-open (${failures}), and as many probes as may be are under way.`,
    unhealthy: `Health checks fail: ${health?.checkFailure ?? 'no reason given'}.`,
    ejected: `It is left out for ${seconds((until ?? now) - now)} more, as it does worse than the others (${failures}).`,
  };
  return sentences[reason];
};

/** In the order of the decisions: what refuses first is the reason. */
const judge = (facts: TargetFacts): Judgement => {
  const { places, config, target, verdictOf, details, now } = facts;
  if (places.length === 0) {
    return {
      verdict: 'no_adapter',
      penalty: 1,
      sentence: 'No adapter has reported it within the last second.',
    };
  }
  const open = places.filter(({ isOpen }) => isOpen);
  const [first] = open;
  if (!first) {
    return { verdict: 'draining', penalty: 1, sentence: 'Every adapter that leads there is shutting down.' };
  }
  const admission = admit(open, verdictOf);
  const refused = verdictOf(first);
  if (admission.admitted.length === 0 && refused.outcome === 'refused') {
    const detail = details.get(first.instance);
    const sentence = refusedSentence(refused.reason, admission.until, detail, now);
    return { verdict: refused.reason, penalty: 1, sentence };
  }
  const { penalty } = admission;
  const requests = config.maxRequestsPerTarget ?? Number.POSITIVE_INFINITY;
  const choice = toChoice(target, places, admission, { requests, canWait: true });
  if (choice.free.length === 0 || !hasHeadroom(choice, config.queue)) {
    return {
      verdict: 'busy',
      penalty,
      sentence: 'It has as much as it may have; requests wait, or go elsewhere.',
    };
  }
  const slow = penalty > 1 ? ` It is slower than the others, and costs ${penalty} times as much.` : '';
  return { verdict: 'admitted', penalty, sentence: `It takes requests.${slow}` };
};

const loadOf = (places: readonly Place[]): TargetStatus['load'] => {
  const { pendingTokens, running, tokensPerSecond, firstByteMs, kvUsage } = toChoice(
    { name: '', weight: 1 },
    places,
    { admitted: places, penalty: 1, until: undefined },
    { requests: Number.POSITIVE_INFINITY, canWait: true },
  );
  return {
    pendingTokens,
    running,
    ...(tokensPerSecond === undefined ? {} : { prefillTokensPerSecond: tokensPerSecond }),
    ...(firstByteMs === undefined ? {} : { firstByteMs }),
    ...(kvUsage === undefined ? {} : { kvUsage }),
  };
};

const adapterOf = ({ instance }: Place, detail: HealthDetail | undefined): AdapterStatus => {
  const { succeeded: _succeeded, failed: _failed, ...health } = detail?.health ?? {};
  return { instance, circuit: detail?.circuit ?? 'closed', ...health };
};

/** What becomes of requests for one target, and why, in one sentence. */
export const explainTarget = (facts: TargetFacts): TargetStatus => {
  const { upstream, target, places, details } = facts;
  const { verdict, penalty, sentence } = judge(facts);
  return {
    upstream,
    target: target.name,
    address: target.url,
    verdict,
    sentence,
    penalty,
    load: loadOf(places),
    adapters: places.slice(0, mostAdapters).map((place) => adapterOf(place, details.get(place.instance))),
  };
};
