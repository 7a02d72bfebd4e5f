import { slotMs, type UsageDimension, usageDimensions } from './attempt-row.ts';
import { type Refusal, refuse } from './refusal.ts';
import { isTimeZone, startOfDay, type TimeGroup, timeGroups } from './time-zone.ts';

export interface UsageQuery {
  readonly filters: Readonly<Partial<Record<UsageDimension, string>>>;
  /** Quarters of an hour since the epoch, half-open. Absent: no bound. */
  readonly fromSlot?: number;
  readonly toSlot?: number;
  readonly groupBy: readonly UsageDimension[];
  /** Absent: one sum over all of the time. */
  readonly timeGroup?: TimeGroup;
  readonly timeZone: string;
}

export type Parameters = Readonly<Record<string, string | undefined>>;

type Read<Value> = { readonly outcome: 'read'; readonly value: Value } | Refusal;

const longestFilter = 256;
const known = [...usageDimensions, 'from', 'to', 'groupBy', 'timeZone', 'format'];
const isDimension = (name: string): name is UsageDimension => usageDimensions.some((one) => one === name);
const isTimeGroup = (name: string): name is TimeGroup => timeGroups.some((one) => one === name);

const readSlot = (name: string, text: string | undefined, timeZone: string): Read<number | undefined> => {
  if (text === undefined) return { outcome: 'read', value: undefined };
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const atMs = isDate ? startOfDay(text, timeZone) : isTime ? Date.parse(text) : undefined;
  if (atMs === undefined || Number.isNaN(atMs)) {
    const expected = 'a date such as 2026-11-01, or a time such as 2026-11-01T06:00:00Z';
    return refuse('invalid_query', `${name}: found ${JSON.stringify(text)}, expected ${expected}.`, name);
  }
  if (atMs % slotMs !== 0)
    return refuse('invalid_query', `${name}: expected a time on a quarter of an hour.`, name);
  return { outcome: 'read', value: atMs / slotMs };
};

const readGroups = (
  text: string | undefined,
): Read<{ readonly groupBy: readonly UsageDimension[]; readonly timeGroup: TimeGroup | undefined }> => {
  const names = (text ?? '').split(',').filter((name) => name !== '');
  const wrong = names.find((name) => !isDimension(name) && !isTimeGroup(name));
  if (wrong !== undefined) {
    const expected = [...timeGroups, ...usageDimensions].join(', ');
    return refuse(
      'invalid_query',
      `groupBy: found ${JSON.stringify(wrong)}, expected some of ${expected}.`,
      'groupBy',
    );
  }
  const times = names.filter(isTimeGroup);
  if (times.length > 1)
    return refuse('invalid_query', `groupBy: one of ${timeGroups.join(', ')} at a time.`, 'groupBy');
  return { outcome: 'read', value: { groupBy: names.filter(isDimension), timeGroup: times[0] } };
};

/** Reads the parameters of a usage query. One that is not known is refused: a misspelt filter would filter nothing. */
export const readUsageQuery = (parameters: Parameters): Read<UsageQuery> => {
  const unknown = Object.keys(parameters).find((name) => !known.includes(name));
  if (unknown !== undefined)
    return refuse('invalid_query', `${unknown} is not known; use ${known.join(', ')}.`, unknown);
  const timeZone = parameters['timeZone'] ?? 'UTC';
  if (!isTimeZone(timeZone))
    return refuse('invalid_query', 'timeZone: expected an IANA name such as Europe/Berlin.', 'timeZone');
  const from = readSlot('from', parameters['from'], timeZone);
  if (from.outcome === 'refused') return from;
  const to = readSlot('to', parameters['to'], timeZone);
  if (to.outcome === 'refused') return to;
  const groups = readGroups(parameters['groupBy']);
  if (groups.outcome === 'refused') return groups;
  const { groupBy, timeGroup } = groups.value;
  const filters: Partial<Record<UsageDimension, string>> = {};
  for (const dimension of usageDimensions) {
    const value = parameters[dimension];
    if (value !== undefined) filters[dimension] = value.slice(0, longestFilter);
  }
  return {
    outcome: 'read',
    value: {
      filters,
      groupBy: [...new Set(groupBy)],
      timeZone,
      ...(timeGroup === undefined ? {} : { timeGroup }),
      ...(from.value === undefined ? {} : { fromSlot: from.value }),
      ...(to.value === undefined ? {} : { toSlot: to.value }),
    },
  };
};
