import { type StartedEvent, toStartedEvent } from '@weir/contracts';
import { readUsageEvent } from '@weir/ledger';
import { expect, it } from 'vitest';
import { baseFinal } from '../testdata/ledger-world.ts';
import { createOpenIntents } from './open-intents.ts';
import { reapIntents, toUnknownFinal } from './reap-intents.ts';

const intentOf = (requestId: string, deadline: number, estimatedInput?: number): StartedEvent => {
  const { revision, quality, outcome, usage, totalMs, deliveredBytes, ...data } = baseFinal;
  const estimate = estimatedInput === undefined ? {} : { estimatedInput };
  return toStartedEvent('/gateways/test', { ...data, requestId, deadline, ...estimate });
};

const intentsOf = (deadlines: readonly number[]) => {
  const intents = createOpenIntents();
  deadlines.forEach((deadline, index) => {
    intents.open({ sequence: index + 1, event: intentOf(`request-${index}`, deadline) });
  });
  return intents;
};

const options = { now: 1_000, graceMs: 100, maxOpenIntents: 10, limit: 10 };

it('reaps what is past its deadline and the grace, and nothing else', () => {
  const reaped = reapIntents(intentsOf([899, 900, 5_000, 1]), options);
  expect(reaped.map(({ data }) => data.requestId)).toEqual(['request-0', 'request-3']);
});

it('does not wait for the oldest of too many', () => {
  const reaped = reapIntents(intentsOf([5_000, 5_000, 5_000]), { ...options, maxOpenIntents: 2 });
  expect(reaped.map(({ data }) => data.requestId)).toEqual(['request-0']);
});

it('reaps no more at a time than it is told to', () => {
  expect(reapIntents(intentsOf([1, 1, 1]), { ...options, limit: 2 })).toHaveLength(2);
});

it.each([
  [7, { quality: 'estimated', usage: { inputText: 7, inputTotal: 7 } }],
  [0, { quality: 'estimated', usage: { inputText: 0, inputTotal: 0 } }],
  [undefined, { quality: 'unknown', usage: {} }],
  [1.5, { quality: 'unknown', usage: {} }],
])('an estimate of %s tokens becomes %j', (estimate, expected) => {
  const final = toUnknownFinal(intentOf('request-1', 5_000, estimate));
  expect(final).toMatchObject({
    id: 'request-1.1.a:u0',
    data: { outcome: 'unknown', revision: 0, ...expected },
  });
  expect(readUsageEvent(final).outcome).toBe('read');
});
