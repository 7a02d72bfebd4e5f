import type { BudgetPeriod } from '@weir/contracts';
import { Temporal } from 'temporal-polyfill';

/** Half-open: `[startsAt, endsAt)`, in seconds since the epoch. */
export interface Period {
  readonly startsAt: number;
  readonly endsAt: number;
}

const hourSeconds = 3_600;

const secondOf = (time: { readonly epochMilliseconds: number }): number =>
  Math.floor(time.epochMilliseconds / 1_000);

const zonedAt = (second: number, timeZone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(second * 1_000).toZonedDateTimeISO(timeZone);

const offsetOf = (time: Temporal.ZonedDateTime): number => time.offsetNanoseconds / 1e9;

/** The clocks' full hours stay where they were on the time line. */
const sharesHours = (one: Temporal.ZonedDateTime, other: Temporal.ZonedDateTime): boolean =>
  (offsetOf(one) - offsetOf(other)) % hourSeconds === 0;

/**
 * From one full hour of the local clock to the next. Where clocks are moved by a part of an hour (Lord Howe moves them
 * by 30 minutes), the hour ends at that moment: no period is longer than an hour.
 */
const hourAt = (time: Temporal.ZonedDateTime): Period => {
  const offset = offsetOf(time);
  const local = secondOf(time) + offset;
  const startsAt = local - (((local % hourSeconds) + hourSeconds) % hourSeconds) - offset;
  const endsAt = startsAt + hourSeconds;
  const { timeZoneId } = time;
  const moved = (direction: 'previous' | 'next', from: number): number | undefined => {
    const transition = zonedAt(from, timeZoneId).getTimeZoneTransition(direction);
    return transition ? secondOf(transition) : undefined;
  };
  return {
    startsAt: sharesHours(zonedAt(startsAt, timeZoneId), time)
      ? startsAt
      : // The transition before a time is never that time itself.
        Math.max(startsAt, moved('previous', secondOf(time) + 1) ?? startsAt),
    endsAt: sharesHours(zonedAt(endsAt, timeZoneId), time)
      ? endsAt
      : Math.min(endsAt, moved('next', secondOf(time)) ?? endsAt),
  };
};

const days: Readonly<
  Record<
    Exclude<BudgetPeriod, 'hourly'>,
    {
      first(date: Temporal.PlainDate): Temporal.PlainDate;
      next(first: Temporal.PlainDate): Temporal.PlainDate;
    }
  >
> = {
  daily: { first: (date) => date, next: (first) => first.add({ days: 1 }) },
  weekly: {
    first: (date) => date.subtract({ days: date.dayOfWeek - 1 }),
    next: (first) => first.add({ days: 7 }),
  },
  monthly: { first: (date) => date.with({ day: 1 }), next: (first) => first.add({ months: 1 }) },
};

/** From the first moment of a local day to that of another. A day may have 23 or 25 hours, or be left out altogether. */
const daysAt = (period: Exclude<BudgetPeriod, 'hourly'>, time: Temporal.ZonedDateTime): Period => {
  const { first, next } = days[period];
  const startOf = (date: Temporal.PlainDate): number => secondOf(date.toZonedDateTime(time.timeZoneId));
  const day = first(time.toPlainDate());
  const end = next(day);
  const endsAt = startOf(end);
  // Clocks that are put back just after midnight show the day before once more. It is over by then.
  return secondOf(time) < endsAt
    ? { startsAt: startOf(day), endsAt }
    : { startsAt: endsAt, endsAt: startOf(next(end)) };
};

const findPeriod = (period: BudgetPeriod, timeZone: string, second: number): Period => {
  const time = zonedAt(second, timeZone);
  return period === 'hourly' ? hourAt(time) : daysAt(period, time);
};

/** Zones that are kept. There are about 600 names; a configuration uses a few. */
const maxZones = 1_024;
const latest = new Map<string, { [period in BudgetPeriod]?: Period }>();
const before = new WeakMap<Period, Period>();

/**
 * The calendar period of a time zone that holds a moment. Costs a look-up as long as the moments asked for stay within
 * one period. Throws for a name that is no IANA time zone.
 */
export const periodAt = (period: BudgetPeriod, timeZone: string, atMs: number): Period => {
  const second = Math.floor(atMs / 1_000);
  let zone = latest.get(timeZone);
  const known = zone?.[period];
  if (known && known.startsAt <= second && second < known.endsAt) return known;
  const found = findPeriod(period, timeZone, second);
  if (!zone) {
    zone = {};
    if (latest.size >= maxZones) latest.clear();
    latest.set(timeZone, zone);
  }
  zone[period] = found;
  return found;
};

/** The period before the one that holds a moment. */
export const previousPeriod = (period: BudgetPeriod, timeZone: string, atMs: number): Period => {
  const current = periodAt(period, timeZone, atMs);
  const known = before.get(current);
  if (known) return known;
  const found = findPeriod(period, timeZone, current.startsAt - 1);
  before.set(current, found);
  return found;
};
