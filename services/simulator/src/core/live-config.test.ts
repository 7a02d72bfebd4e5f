import { describe, expect, it } from 'vitest';
import { parseConfigUpdate } from './live-config.ts';

describe('a configuration update', () => {
  it('takes any part of the configuration', () => {
    expect(parseConfigUpdate({ profile: 'paced', ttftMs: 5 })).toEqual({
      outcome: 'parsed',
      update: { profile: 'paced', ttftMs: 5 },
    });
  });

  it('reads a fault by its name, and null as none', () => {
    expect(parseConfigUpdate({ fault: { name: 'truncate:2', count: 1 } })).toEqual({
      outcome: 'parsed',
      update: { fault: { name: 'truncate:2', fault: { kind: 'truncate', events: 2 }, rate: 1, count: 1 } },
    });
    expect(parseConfigUpdate({ fault: null })).toEqual({ outcome: 'parsed', update: { fault: undefined } });
  });

  it('names everything that is wrong', () => {
    const parsed = parseConfigUpdate({
      profile: 'x',
      ttftMs: -1,
      colour: 1,
      metrics: 'odd',
      healthStatus: 503.5,
      fault: { name: '500', rate: 2 },
    });
    expect(parsed).toEqual({
      outcome: 'invalid',
      problems: [
        expect.stringContaining('profile: expected one of instant, paced'),
        'ttftMs: expected a number from 0 to 86400000',
        'colour: no such setting',
        'metrics: expected one of current, frozen, stalled, failing',
        'healthStatus: expected a status of HTTP',
        'fault: rate: expected a number from 0 to 1',
      ],
    });
  });
});
