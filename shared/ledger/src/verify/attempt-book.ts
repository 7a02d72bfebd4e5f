import { attemptKey, type RatedEvent, type RatedUsage, type UsageQuality } from '@weir/contracts';
import { countTokens } from '../token-counts.ts';
import type { FindingLog } from './finding.ts';

/** What an attempt comes to, as of its latest record. One of these is kept for each attempt. */
interface AttemptState {
  readonly revision: number;
  readonly ratingNumber: number;
  readonly amountNano: bigint;
  readonly chargeNano: bigint;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly requests: number;
  readonly provider: string;
  readonly quality: UsageQuality;
  /** The provider answered with success, so there was something to report. */
  readonly served: boolean;
}

/** Follows attempts through their records: I2. */
export interface AttemptBook {
  readonly size: number;
  take(event: RatedEvent, where: string): void;
  /** Revision of the attempt's latest record. Undefined: it has none. */
  revisionOf(key: string): number | undefined;
  /** Of each attempt, as of its latest record. */
  qualities(): Iterable<Pick<AttemptState, 'provider' | 'quality' | 'served'>>;
}

const firstErrorStatus = 400;

const nothing = { amountNano: 0n, chargeNano: 0n, inputTokens: 0, outputTokens: 0, requests: 0 };

const toState = (data: RatedUsage): AttemptState => {
  const { input, output } = countTokens(data.usage);
  return {
    revision: data.revision,
    ratingNumber: data.ratingNumber,
    amountNano: BigInt(data.rating.amountNano),
    chargeNano: BigInt(data.rating.chargeNano),
    inputTokens: input ?? 0,
    outputTokens: output ?? 0,
    requests: data.handedBack === true ? 0 : 1,
    provider: data.provider,
    quality: data.quality,
    served: data.status !== undefined && data.status < firstErrorStatus,
  };
};

/** The state before a record whose predecessors were not read: what it says itself. */
const stateBefore = (after: AttemptState, { delta }: RatedUsage): AttemptState => ({
  ...after,
  revision: delta.previousRevision ?? -1,
  ratingNumber: -1,
  amountNano: after.amountNano - BigInt(delta.amountNano),
  chargeNano: after.chargeNano - BigInt(delta.chargeNano),
  inputTokens: after.inputTokens - delta.inputTokens,
  outputTokens: after.outputTokens - delta.outputTokens,
  requests: after.requests - delta.requests,
});

const sumLanes = (lanes: Readonly<Record<string, string>>): bigint =>
  Object.values(lanes).reduce((sum, nano) => sum + BigInt(nano), 0n);

const isLater = (after: AttemptState, before: AttemptState): boolean =>
  after.revision > before.revision ||
  (after.revision === before.revision && after.ratingNumber > before.ratingNumber);

/** `trustsPredecessors`: the ledger is not read from its start, so an attempt may have records that were not seen. */
export const createAttemptBook = (log: FindingLog, trustsPredecessors: boolean): AttemptBook => {
  const attempts = new Map<string, AttemptState>();

  const checkDelta = (
    data: RatedUsage,
    where: string,
    { before, after }: { before: AttemptState | undefined; after: AttemptState },
  ): void => {
    const { delta } = data;
    const from = before ?? nothing;
    const posted = (what: string, expected: bigint | number, found: bigint | number) =>
      log.compare(`delta.${what} is not the difference to the record before`, where, { expected, found });
    posted('amountNano', after.amountNano - from.amountNano, BigInt(delta.amountNano));
    posted('chargeNano', after.chargeNano - from.chargeNano, BigInt(delta.chargeNano));
    posted('inputTokens', after.inputTokens - from.inputTokens, delta.inputTokens);
    posted('outputTokens', after.outputTokens - from.outputTokens, delta.outputTokens);
    posted('requests', after.requests - from.requests, delta.requests);
  };

  const take = ({ id, data }: RatedEvent, where: string): void => {
    const key = attemptKey(data);
    log.compare('the id does not name the revision and the rating', where, {
      expected: `${key}:r${data.revision}.${data.ratingNumber}`,
      found: id,
    });
    const after = toState(data);
    const unseen = trustsPredecessors && data.delta.previousRevision !== undefined;
    const before = attempts.get(key) ?? (unseen ? stateBefore(after, data) : undefined);
    log.compare(`attempt ${key} continues another record`, where, {
      expected: before?.revision,
      found: data.delta.previousRevision,
    });
    if (before && !isLater(after, before)) {
      log.add({
        what: `attempt ${key} goes back in revisions`,
        where,
        expected: `later than ${before.revision}.${before.ratingNumber}`,
        found: `${after.revision}.${after.ratingNumber}`,
      });
    }
    checkDelta(data, where, { before, after });
    const { lanesNano } = data.rating;
    if (lanesNano) {
      log.compare('the lanes do not add up to the amount', where, {
        expected: after.amountNano,
        found: sumLanes(lanesNano),
      });
    }
    attempts.set(key, after);
  };

  return {
    get size() {
      return attempts.size;
    },
    take,
    revisionOf: (key) => attempts.get(key)?.revision,
    qualities: () => attempts.values(),
  };
};
