import {
  type LedgerCommit,
  priceLanes,
  type RatedEvent,
  ratedEventType,
  ratingStatuses,
  subjects,
} from '@weir/contracts';
import { type Fields, isCount, isDecimal, isFields, parseJson } from './checks.ts';
import { problemOfFinal } from './read-usage-event.ts';

export type ReadLedgerMessage =
  | { readonly kind: 'record'; readonly event: RatedEvent }
  | { readonly kind: 'commit'; readonly commit: LedgerCommit }
  | { readonly kind: 'unreadable'; readonly problem: string };

const commitCounts = [
  'from',
  'to',
  'started',
  'records',
  'duplicates',
  'poison',
  'lowWater',
  'openIntents',
  'at',
];
const hashPattern = /^[0-9a-f]{64}$/;

const isHash = (value: unknown): boolean => typeof value === 'string' && hashPattern.test(value);

const problemOfCommit = (value: unknown): string | undefined => {
  if (!isFields(value)) return 'the commit is not an object';
  if (value['v'] !== 1) return 'the commit is not of version 1';
  const wrong = commitCounts.find((name) => !isCount(value[name]));
  if (wrong !== undefined) return `${wrong} is not a count`;
  if (typeof value['sourceEpoch'] !== 'string') return 'sourceEpoch is missing';
  if (!isHash(value['hash'])) return 'hash is not a SHA-256 in hex';
  return isHash(value['previousHash']) ? undefined : 'previousHash is not a SHA-256 in hex';
};

const isLanes = (value: unknown): boolean =>
  value === undefined ||
  (isFields(value) &&
    Object.entries(value).every(
      ([lane, nano]) => priceLanes.some((known) => known === lane) && isDecimal(nano),
    ));

const problemOfRating = (rating: unknown): string | undefined => {
  if (!isFields(rating)) return 'data.rating is not an object';
  if (!ratingStatuses.some((status) => status === rating['status'])) return 'data.rating.status is not known';
  if (!isDecimal(rating['amountNano'])) return 'data.rating.amountNano is not a whole number as text';
  if (!isDecimal(rating['chargeNano'])) return 'data.rating.chargeNano is not a whole number as text';
  return isLanes(rating['lanesNano']) ? undefined : 'data.rating.lanesNano is not a record of amounts';
};

const deltaNumbers = ['inputTokens', 'outputTokens', 'requests'];

const problemOfDelta = (delta: unknown): string | undefined => {
  if (!isFields(delta)) return 'data.delta is not an object';
  if (!isDecimal(delta['amountNano'])) return 'data.delta.amountNano is not a whole number as text';
  if (!isDecimal(delta['chargeNano'])) return 'data.delta.chargeNano is not a whole number as text';
  const wrong = deltaNumbers.find((name) => !Number.isSafeInteger(delta[name]));
  if (wrong !== undefined) return `data.delta.${wrong} is not a whole number`;
  const previous = delta['previousRevision'];
  return previous === undefined || isCount(previous)
    ? undefined
    : 'data.delta.previousRevision is not a count';
};

const problemOfSource = (source: unknown): string | undefined =>
  isFields(source) && isCount(source['sequence']) && isCount(source['part'])
    ? undefined
    : 'data.source is not a sequence and a part';

const problemOfRecord = (value: unknown): string | undefined => {
  if (!isFields(value)) return 'the record is not an object';
  if (value['type'] !== ratedEventType) return `type is not ${ratedEventType}`;
  if (typeof value['id'] !== 'string') return 'id is missing';
  if (typeof value['subject'] !== 'string') return 'subject is missing';
  const data: unknown = value['data'];
  if (!isFields(data)) return 'data is not an object';
  if (!isCount((data as Fields)['ratingNumber'])) return 'data.ratingNumber is not a count';
  return (
    problemOfFinal(data) ??
    problemOfRating(data['rating']) ??
    problemOfDelta(data['delta']) ??
    problemOfSource(data['source'])
  );
};

/** `weir.billing.v1.` of `weir.billing.v1.>`. */
const ratedPrefix = subjects.allRated.slice(0, -1);

/** One message of stream LEDGER. A light look at its shape; never throws, and quotes no value. */
export const readLedgerMessage = (subject: string, bytes: Uint8Array): ReadLedgerMessage => {
  const value = parseJson(bytes);
  if (subject === subjects.ledgerCommit) {
    const problem = problemOfCommit(value);
    return problem === undefined
      ? { kind: 'commit', commit: value as LedgerCommit }
      : { kind: 'unreadable', problem };
  }
  if (!subject.startsWith(ratedPrefix)) return { kind: 'unreadable', problem: 'the subject is not known' };
  const problem = problemOfRecord(value);
  return problem === undefined
    ? { kind: 'record', event: value as RatedEvent }
    : { kind: 'unreadable', problem };
};
