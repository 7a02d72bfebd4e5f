import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { slotMs } from './attempt-row.ts';
import { createTimeLabel, isTimeZone, startOfDay } from './time-zone.ts';

describe('labels of times', () => {
  test.each([
    ['day', 'UTC', '2026-11-20T23:30:00Z', '2026-11-20'],
    ['day', 'Asia/Kathmandu', '2026-11-20T23:30:00Z', '2026-11-21'],
    ['month', 'America/New_York', '2026-11-01T03:00:00Z', '2026-10'],
    ['hour', 'UTC', '2026-11-20T00:45:00Z', '2026-11-20T00:00+00:00'],
    ['hour', 'Asia/Kathmandu', '2026-11-20T00:00:00Z', '2026-11-20T05:00+05:45'],
  ] as const)('%s in %s at %s is %s', (group, zone, time, label) => {
    expect(createTimeLabel(group, zone)(Date.parse(time))).toBe(label);
  });

  test('the hour that comes twice in a night is two hours', () => {
    const label = createTimeLabel('hour', 'Europe/Berlin');
    expect(label(Date.parse('2026-10-25T00:30:00Z'))).toBe('2026-10-25T02:00+02:00');
    expect(label(Date.parse('2026-10-25T01:30:00Z'))).toBe('2026-10-25T02:00+01:00');
  });
});

describe('the start of a day', () => {
  test.each([
    ['2026-11-20', 'UTC', '2026-11-20T00:00:00Z'],
    ['2026-11-20', 'Pacific/Kiritimati', '2026-11-19T10:00:00Z'],
    ['2026-11-20', 'Pacific/Pago_Pago', '2026-11-20T11:00:00Z'],
    // Clocks are put forward at midnight.
    ['2026-09-06', 'America/Santiago', '2026-09-06T04:00:00Z'],
  ])('%s begins in %s at %s', (date, zone, time) => {
    expect(startOfDay(date, zone)).toBe(Date.parse(time));
  });

  test('a date that does not exist has none', () => {
    expect(startOfDay('2026-02-30', 'UTC')).toBeUndefined();
    // Left out, to move to the other side of the date line.
    expect(startOfDay('2011-12-30', 'Pacific/Apia')).toBeUndefined();
  });

  test('is where its label changes, on a quarter of an hour', () => {
    const zone = fc.constantFrom(
      'Europe/Berlin',
      'Asia/Kathmandu',
      'Australia/Lord_Howe',
      'America/St_Johns',
    );
    fc.assert(
      fc.property(zone, fc.integer({ min: 0, max: 40_000 }), (timeZone, days) => {
        const date = new Date(days * 86_400_000).toISOString().slice(0, 10);
        const start = startOfDay(date, timeZone);
        if (start === undefined) return;
        const label = createTimeLabel('day', timeZone);
        expect(label(start)).toBe(date);
        expect(label(start - 1)).not.toBe(date);
        if (days > 1_500) expect(start % slotMs).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

test('knows names of time zones', () => {
  expect(isTimeZone('Europe/Berlin')).toBe(true);
  expect(isTimeZone('Mars/Olympus')).toBe(false);
});
