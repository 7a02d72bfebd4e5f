import { describe, expect, it } from 'vitest';
import { CallLog } from './call-log.ts';

const start = (id: string) => ({
  id,
  api: 'openai.chat' as const,
  model: 'sim-gpt',
  stream: false,
  startedAt: 1,
});

describe('the call log', () => {
  it('keeps every call of one request id', () => {
    const log = new CallLog(10);
    log.begin(start('a'));
    log.update(log.begin(start('a')), { outcome: 'completed', completionTokens: 3, promptTokens: 2 });
    expect(log.find('a').map(({ outcome }) => outcome)).toEqual(['active', 'completed']);
    expect(log.totals()).toMatchObject({ calls: 2, promptTokens: 2, completionTokens: 3 });
  });

  it('counts a call that is amended once', () => {
    const log = new CallLog(10);
    const record = log.begin(start('a'));
    log.update(record, { outcome: 'completed', completionTokens: 3 });
    log.update(record, { outcome: 'aborted', completionTokens: 2 });
    expect(log.totals()).toMatchObject({
      completionTokens: 2,
      outcomes: { active: 0, completed: 0, aborted: 1 },
    });
  });

  it('forgets the oldest call beyond its bound, but not in the totals', () => {
    const log = new CallLog(2);
    for (const id of ['a', 'b', 'c', 'c', 'c']) log.begin(start(id));
    expect(log.all().map(({ id }) => id)).toEqual(['c', 'c']);
    expect(log.totals().calls).toBe(5);
  });

  it('keeps calls in flight over a reset', () => {
    const log = new CallLog(10);
    const active = log.begin(start('a'));
    log.update(log.begin(start('b')), { outcome: 'completed', completionTokens: 5 });
    log.reset();
    log.update(active, { outcome: 'completed', completionTokens: 1 });
    expect(log.all()).toEqual([active]);
    expect(log.totals()).toMatchObject({
      calls: 1,
      completionTokens: 1,
      outcomes: { active: 0, completed: 1 },
    });
  });
});
