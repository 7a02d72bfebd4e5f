import {
  attemptOutcomes,
  isSubjectToken,
  type UsageEvent,
  usageEventTypes,
  usageQualities,
} from '@weir/contracts';
import { type Fields, isCount, isFields, parseJson } from './checks.ts';

export type ReadUsageEvent =
  | { readonly outcome: 'read'; readonly event: UsageEvent }
  | { readonly outcome: 'poison'; readonly problem: string };

const texts = ['requestId', 'run', 'route', 'upstream', 'target', 'provider', 'modelRequested'];
const optionalTexts = ['priceAs', 'modelServed', 'serviceTier'];
/** They become tokens of the record's subject. */
const tenantTexts = ['org', 'team', 'key'];
const numbers = ['attempt', 'startedAt', 'deadline'];

/** Far above any context window, and small enough that the sum of all lanes is exact. */
const maxTokens = 1e12;
/** https://tc39.es/ecma262/#sec-time-values-and-time-range */
const maxTimeMs = 8.64e15;

/** What can be a number of tokens of one attempt. */
export const isTokenCount = (value: unknown): value is number => isCount(value) && value <= maxTokens;

const isUsage = (value: unknown): boolean => isFields(value) && Object.values(value).every(isTokenCount);

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');

const problemOfIntent = (data: Fields): string | undefined => {
  const missing =
    texts.find((name) => typeof data[name] !== 'string') ??
    tenantTexts.find((name) => typeof data[name] !== 'string') ??
    numbers.find((name) => !Number.isSafeInteger(data[name]));
  if (missing !== undefined) return `data.${missing} is missing or of the wrong type`;
  const unfit = tenantTexts.find((name) => !isSubjectToken(String(data[name])));
  if (unfit !== undefined) return `data.${unfit} is not a subject token`;
  const { startedAt } = data as { readonly startedAt: number };
  if (startedAt < 0 || startedAt > maxTimeMs) return 'data.startedAt is not a time since the epoch';
  const wrong = optionalTexts.find((name) => data[name] !== undefined && typeof data[name] !== 'string');
  if (wrong !== undefined) return `data.${wrong} is not a text`;
  if (data['charges'] !== undefined && !isTexts(data['charges']))
    return 'data.charges is not a list of texts';
  return undefined;
};

/** What is wrong with the data of an account, if anything. Quotes no value. */
export const problemOfFinal = (data: Fields): string | undefined => {
  const problem = problemOfIntent(data);
  if (problem !== undefined) return problem;
  if (!isCount(data['revision'])) return 'data.revision is not a count';
  if (!Number.isSafeInteger(data['totalMs'])) return 'data.totalMs is missing or of the wrong type';
  if (!isUsage(data['usage'])) return 'data.usage is not a record of token counts';
  if (!usageQualities.some((quality) => quality === data['quality'])) return 'data.quality is not known';
  if (!attemptOutcomes.some((outcome) => outcome === data['outcome'])) return 'data.outcome is not known';
  return undefined;
};

const problemOf = (value: unknown): string | undefined => {
  if (!isFields(value)) return 'the event is not an object';
  if (value['specversion'] !== '1.0') return 'specversion is not 1.0';
  if (typeof value['id'] !== 'string') return 'id is missing';
  if (typeof value['source'] !== 'string') return 'source is missing';
  const { type, data } = value as { type?: unknown; data?: unknown };
  if (type !== usageEventTypes.started && type !== usageEventTypes.final) return 'type is not known';
  if (!isFields(data)) return 'data is not an object';
  return type === usageEventTypes.final ? problemOfFinal(data) : problemOfIntent(data);
};

/** A light look at the shape of an event, before it is believed. Quotes no value: one may be anything. */
export const readUsageEvent = (value: unknown): ReadUsageEvent => {
  const problem = problemOf(value);
  return problem === undefined
    ? { outcome: 'read', event: value as UsageEvent }
    : { outcome: 'poison', problem };
};

/** An attempt cannot begin long after it was announced, and one that seems to confuses whoever goes by age. */
export const maxClockSkewMs = 3_600_000;

const checkClock = (read: ReadUsageEvent, storedAt: number): ReadUsageEvent =>
  read.outcome === 'read' && read.event.data.startedAt > storedAt + maxClockSkewMs
    ? { outcome: 'poison', problem: 'data.startedAt lies more than an hour ahead of the time of storage' }
    : read;

/**
 * The events of one message of stream USAGE; the position in the answer is the event's `part`. One that cannot be
 * read does not take the others along. A message that is no batch at all is one poison event, at part 0.
 * `storedAt`: milliseconds since the epoch, by the server's clock. Whoever counts for the ledger passes it.
 */
export const readUsageBatch = (
  bytes: Uint8Array,
  storedAt = Number.POSITIVE_INFINITY,
): readonly ReadUsageEvent[] => {
  const batch = parseJson(bytes);
  return Array.isArray(batch)
    ? batch.map((value) => checkClock(readUsageEvent(value), storedAt))
    : [{ outcome: 'poison', problem: 'the message is not a batch of events' }];
};
