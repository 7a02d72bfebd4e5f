import { attemptOutcomes, type UsageEvent, usageEventTypes, usageQualities } from '@weir/contracts';

export type ReadUsageEvent =
  | { readonly outcome: 'read'; readonly event: UsageEvent }
  | { readonly outcome: 'poison'; readonly problem: string };

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const startedTexts = ['requestId', 'run', 'org', 'team', 'key', 'upstream', 'modelRequested'];
const startedNumbers = ['attempt', 'startedAt', 'deadline'];
const finalNumbers = ['revision', 'totalMs'];

const missingField = (
  data: Fields,
  texts: readonly string[],
  numbers: readonly string[],
): string | undefined =>
  texts.find((name) => typeof data[name] !== 'string') ??
  numbers.find((name) => !Number.isSafeInteger(data[name]));

const isUsage = (value: unknown): boolean =>
  isFields(value) &&
  Object.values(value).every((tokens) => Number.isSafeInteger(tokens) && (tokens as number) >= 0);

const problemOfFinal = (data: Fields): string | undefined => {
  const missing = missingField(data, [], finalNumbers);
  if (missing !== undefined) return `data.${missing} is missing or of the wrong type`;
  if (!isUsage(data['usage'])) return 'data.usage is not a record of token counts';
  if (!usageQualities.some((quality) => quality === data['quality'])) return 'data.quality is not known';
  if (!attemptOutcomes.some((outcome) => outcome === data['outcome'])) return 'data.outcome is not known';
  return undefined;
};

const problemOf = (value: unknown): string | undefined => {
  if (!isFields(value)) return 'the event is not an object';
  if (value['specversion'] !== '1.0') return 'specversion is not 1.0';
  if (typeof value['id'] !== 'string') return 'id is missing';
  const { type, data } = value as { type?: unknown; data?: unknown };
  if (type !== usageEventTypes.started && type !== usageEventTypes.final) return 'type is not known';
  if (!isFields(data)) return 'data is not an object';
  const missing = missingField(data, startedTexts, startedNumbers);
  if (missing !== undefined) return `data.${missing} is missing or of the wrong type`;
  return type === usageEventTypes.final ? problemOfFinal(data) : undefined;
};

/** A light look at the shape of an event, before it is believed. Quotes no value: one may be anything. */
export const readUsageEvent = (value: unknown): ReadUsageEvent => {
  const problem = problemOf(value);
  return problem === undefined
    ? { outcome: 'read', event: value as UsageEvent }
    : { outcome: 'poison', problem };
};
