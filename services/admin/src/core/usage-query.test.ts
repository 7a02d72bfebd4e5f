import { describe, expect, test } from 'vitest';
import { slotMs } from './attempt-row.ts';
import { readUsageQuery } from './usage-query.ts';

const slotOf = (time: string): number => Date.parse(time) / slotMs;

describe('a usage query', () => {
  test('asks for everything unless it says otherwise', () => {
    expect(readUsageQuery({})).toEqual({
      outcome: 'read',
      value: { filters: {}, groupBy: [], timeZone: 'UTC' },
    });
  });

  test('reads dates in its time zone, and times as they are', () => {
    const read = readUsageQuery({
      from: '2026-11-01',
      to: '2026-11-02T06:15:00+01:00',
      timeZone: 'Europe/Berlin',
      groupBy: 'model,day,model',
      org: 'acme',
    });
    expect(read).toEqual({
      outcome: 'read',
      value: {
        filters: { org: 'acme' },
        fromSlot: slotOf('2026-10-31T23:00:00Z'),
        toSlot: slotOf('2026-11-02T05:15:00Z'),
        groupBy: ['model'],
        timeGroup: 'day',
        timeZone: 'Europe/Berlin',
      },
    });
  });

  test.each([
    [{ model_name: 'x' }, 'model_name'],
    [{ groupBy: 'day,hour' }, 'groupBy'],
    [{ groupBy: 'charge' }, 'groupBy'],
    [{ from: '2026-13-01' }, 'from'],
    [{ from: '2026-11-01T10:00' }, 'from'],
    [{ to: '2026-11-01T10:05:00Z' }, 'to'],
    [{ timeZone: 'CET/Moon' }, 'timeZone'],
  ])('%j is refused', (parameters, param) => {
    expect(readUsageQuery(parameters)).toMatchObject({ outcome: 'refused', reason: 'invalid_query', param });
  });
});
