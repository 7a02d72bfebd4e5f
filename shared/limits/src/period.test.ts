import { type BudgetPeriod, budgetPeriods } from '@weir/contracts';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { type Period, periodAt, previousPeriod } from './period.ts';

const at = (text: string): number => Date.parse(text);
const hours = ({ startsAt, endsAt }: Period): number => (endsAt - startsAt) / 3_600;
const textOf = (second: number): string => new Date(second * 1_000).toISOString().replace('.000Z', 'Z');
const texts = ({ startsAt, endsAt }: Period): string => `${textOf(startsAt)} ${textOf(endsAt)}`;

describe('the period that holds a moment', () => {
  it.each<[BudgetPeriod, string, string, string]>([
    ['hourly', 'UTC', '2026-11-20T22:17:42Z', '2026-11-20T22:00:00Z 2026-11-20T23:00:00Z'],
    ['hourly', 'Asia/Kathmandu', '2026-11-20T22:17:42Z', '2026-11-20T22:15:00Z 2026-11-20T23:15:00Z'],
    ['hourly', '+05:30', '2026-11-20T22:17:42Z', '2026-11-20T21:30:00Z 2026-11-20T22:30:00Z'],
    ['daily', 'Europe/Berlin', '2026-11-20T22:59:59Z', '2026-11-19T23:00:00Z 2026-11-20T23:00:00Z'],
    ['daily', 'Europe/Berlin', '2026-11-20T23:00:00Z', '2026-11-20T23:00:00Z 2026-11-21T23:00:00Z'],
    // 2026-11-22 is a Sunday.
    ['weekly', 'UTC', '2026-11-22T23:59:59Z', '2026-11-16T00:00:00Z 2026-11-23T00:00:00Z'],
    ['weekly', 'UTC', '2026-11-23T00:00:00Z', '2026-11-23T00:00:00Z 2026-11-30T00:00:00Z'],
    ['monthly', 'America/New_York', '2026-11-01T03:59:59Z', '2026-10-01T04:00:00Z 2026-11-01T04:00:00Z'],
    ['monthly', 'America/New_York', '2026-11-01T04:00:00Z', '2026-11-01T04:00:00Z 2026-12-01T05:00:00Z'],
    ['monthly', 'UTC', '2028-02-29T12:00:00Z', '2028-02-01T00:00:00Z 2028-03-01T00:00:00Z'],
  ])('%s in %s at %s is %s', (period, timeZone, moment, expected) => {
    expect(texts(periodAt(period, timeZone, at(moment)))).toBe(expected);
  });

  it('has 23 or 25 hours on the days on which clocks are changed', () => {
    expect(hours(periodAt('daily', 'Europe/Berlin', at('2026-03-29T12:00:00Z')))).toBe(23);
    expect(hours(periodAt('daily', 'Europe/Berlin', at('2026-10-25T12:00:00Z')))).toBe(25);
    expect(hours(periodAt('daily', 'Australia/Lord_Howe', at('2026-04-04T20:00:00Z')))).toBe(24.5);
  });

  it('begins where the day begins, also when clocks are put forward at midnight', () => {
    const day = periodAt('daily', 'Africa/Cairo', at('2026-04-24T12:00:00Z'));
    expect(texts(day)).toBe('2026-04-23T22:00:00Z 2026-04-24T21:00:00Z');
  });

  it('leaves out a day that never was', () => {
    // Samoa moved across the date line, from the 29th to the 31st.
    const day = periodAt('daily', 'Pacific/Apia', at('2011-12-30T09:59:59Z'));
    expect(texts(day)).toBe('2011-12-29T10:00:00Z 2011-12-30T10:00:00Z');
    expect(previousPeriod('daily', 'Pacific/Apia', at('2011-12-30T10:00:00Z'))).toEqual(day);
  });

  it('does not come back when clocks are put back across midnight', () => {
    // At 00:01 in Newfoundland it was 23:01 of the day before.
    const first = periodAt('daily', 'America/St_Johns', at('2010-11-07T02:30:30Z'));
    expect(periodAt('daily', 'America/St_Johns', at('2010-11-07T02:31:30Z'))).toEqual(first);
  });

  it('is an hour long in the hour that comes twice', () => {
    expect(texts(periodAt('hourly', 'America/New_York', at('2026-11-01T05:30:00Z')))).toBe(
      '2026-11-01T05:00:00Z 2026-11-01T06:00:00Z',
    );
    expect(texts(periodAt('hourly', 'America/New_York', at('2026-11-01T06:30:00Z')))).toBe(
      '2026-11-01T06:00:00Z 2026-11-01T07:00:00Z',
    );
  });

  it('ends where clocks are moved by half an hour', () => {
    expect(texts(periodAt('hourly', 'Australia/Lord_Howe', at('2026-10-03T15:30:00Z')))).toBe(
      '2026-10-03T15:30:00Z 2026-10-03T16:00:00Z',
    );
  });

  it('throws for a name that is no time zone', () => {
    expect(() => periodAt('daily', 'Europe/Atlantis', 0)).toThrow(RangeError);
  });

  it('is the same object as long as it lasts', () => {
    const first = periodAt('monthly', 'Europe/Paris', at('2026-11-02T00:00:00Z'));
    expect(periodAt('monthly', 'Europe/Paris', at('2026-11-28T00:00:00Z'))).toBe(first);
    expect(previousPeriod('monthly', 'Europe/Paris', at('2026-11-28T00:00:00Z'))).toBe(
      previousPeriod('monthly', 'Europe/Paris', at('2026-11-02T00:00:00Z')),
    );
  });
});

const zones = Intl.supportedValuesOf('timeZone');
const beginMs = at('2024-01-01T00:00:00Z');
const endMs = at('2034-01-01T00:00:00Z');

/** The moments at which clocks are moved in ten years, by zone. */
const transitions = new Map(
  zones.map((zone) => {
    const moments: number[] = [];
    let time = Temporal.Instant.fromEpochMilliseconds(beginMs).toZonedDateTimeISO(zone);
    for (;;) {
      const next = time.getTimeZoneTransition('next');
      if (!next || next.epochMilliseconds >= endMs) return [zone, moments];
      moments.push(next.epochMilliseconds);
      time = next;
    }
  }),
);

/** What is wrong with the period of a moment and its neighbours. Plain comparisons: there are 100,000 of them. */
const problemsAt = (period: BudgetPeriod, zone: string, atMs: number): string[] => {
  const second = Math.floor(atMs / 1_000);
  const own = periodAt(period, zone, atMs);
  const next = periodAt(period, zone, own.endsAt * 1_000);
  const before = previousPeriod(period, zone, atMs);
  const problems = [
    own.startsAt <= second && second < own.endsAt ? '' : 'does not hold the moment',
    next.startsAt === own.endsAt ? '' : 'does not meet the next',
    before.endsAt === own.startsAt ? '' : 'does not meet the one before',
    periodAt(period, zone, own.startsAt * 1_000).endsAt === own.endsAt ? '' : 'differs at its start',
    periodAt(period, zone, own.endsAt * 1_000 - 1).startsAt === own.startsAt ? '' : 'differs at its end',
    period !== 'hourly' || own.endsAt - own.startsAt <= 3_600 ? '' : 'is longer than an hour',
  ];
  return problems.filter((text) => text !== '').map((text) => `${period} ${zone} ${textOf(second)} ${text}`);
};

describe('periods tile the line of time, in every zone', () => {
  it('there are zones and changes of clocks to look at', () => {
    expect(zones.length).toBeGreaterThan(400);
    expect([...transitions.values()].flat().length).toBeGreaterThan(1_500);
  });

  it.each(budgetPeriods)('%s, on all days on which clocks are changed', (period) => {
    const moves = [-1, 0, 1_800_000, 3_600_000];
    const problems = [...transitions].flatMap(([zone, moments]) =>
      moments.flatMap((moment) => moves.flatMap((move) => problemsAt(period, zone, moment + move))),
    );
    expect(problems).toEqual([]);
  });

  it.each(budgetPeriods)('%s, at any moment', (period) => {
    const anyMoment = fc.integer({ min: beginMs, max: endMs });
    fc.assert(
      fc.property(fc.constantFrom(...zones), anyMoment, (zone, atMs) => {
        expect(problemsAt(period, zone, atMs)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('by an oracle: within a day the calendar shows one date, and another at its end', () => {
    const dateIn = (zone: string) => {
      const format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' });
      return (second: number): string => format.format(second * 1_000);
    };
    for (const [zone, moments] of transitions) {
      const dateOf = dateIn(zone);
      for (const moment of moments.slice(0, 4)) {
        const { startsAt, endsAt } = periodAt('daily', zone, moment);
        const shown = [startsAt - 1, startsAt, endsAt - 1, endsAt].map(dateOf);
        expect(new Set(shown).size, `${zone} ${textOf(startsAt)}`).toBe(3);
        expect(shown[1]).toBe(shown[2]);
      }
    }
  });
});
