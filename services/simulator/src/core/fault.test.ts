import { describe, expect, it } from 'vitest';
import { parseFault } from './fault.ts';
import { createFaultGate, type Passage } from './fault-gate.ts';

describe('the name of a fault', () => {
  it.each([
    ['429', { kind: 'status', status: 429, retryAfterSeconds: 1 }],
    ['429:30', { kind: 'status', status: 429, retryAfterSeconds: 30 }],
    ['529', { kind: 'status', status: 529, retryAfterSeconds: 1 }],
    ['reset-after:3', { kind: 'reset-after', events: 3 }],
    ['truncate:0', { kind: 'truncate', events: 0 }],
    ['first-event-error', { kind: 'error-event', events: 0 }],
    ['slow-start:250', { kind: 'slow-start', delayMs: 250 }],
    ['no-usage', { kind: 'no-usage' }],
  ])('%s is understood', (name, fault) => {
    expect(parseFault(name)).toEqual({ outcome: 'parsed', fault });
  });

  it.each(['', '200', 'explode', 'truncate:x', 'truncate:-1'])('"%s" is refused', (name) => {
    expect(parseFault(name).outcome).toBe('unknown');
  });
});

const events = ['data: {"a":1}\n\n', 'data: {"b":2}\n\n', 'data: {"c":3}\n\n', 'data: [DONE]\n\n'];

/** The last event closes the stream. */
const passAll = (kind: Parameters<typeof createFaultGate>[0]['kind'], count: number): readonly Passage[] => {
  const gate = createFaultGate({ kind, events: count });
  return events.map((event, index) => gate.pass(event, index === events.length - 1));
};

describe('a fault gate', () => {
  it.each([
    ['reset-after', 'reset'],
    ['stall-after', 'stall'],
    ['truncate', 'end'],
    ['error-event', 'fail'],
  ] as const)('of %s passes the events before it untouched', (kind, how) => {
    expect(passAll(kind, 2)).toEqual([
      { outcome: 'passed', text: events[0] },
      { outcome: 'passed', text: events[1] },
      { outcome: 'cut', how },
      { outcome: 'cut', how },
    ]);
  });

  it('never lets a truncated stream come to its end', () => {
    expect(passAll('truncate', 99).map(({ outcome }) => outcome)).toEqual([
      'passed',
      'passed',
      'passed',
      'cut',
    ]);
  });

  it('breaks the JSON of one event and keeps its frame', () => {
    const texts = passAll('malformed-json', 2).map((passage) =>
      passage.outcome === 'passed' ? passage.text : '',
    );
    const broken = texts[1] ?? '';
    expect(texts.toSpliced(1, 1)).toEqual(events.toSpliced(1, 1));
    expect(broken).toMatch(/^data: .*\n\n$/);
    expect(() => JSON.parse(broken.slice(6))).toThrow();
  });
});
