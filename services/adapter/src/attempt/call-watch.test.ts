import { expect, it, vi } from 'vitest';
import { lateAfter, watchCall } from './call-watch.ts';

const now = 1_000;
const offer = (latencyMs: number) => ({ onHealthFailure: true, onErrorCodes: [], latencyMs });

it.each([
  ['nothing is set', {}, undefined],
  ['the fallback waits', { fallbackOffer: offer(50), perTryTimeoutMs: 60 }, { ms: 50, late: 'threshold' }],
  [
    'another attempt may help',
    { fallbackOffer: offer(50), perTryTimeoutMs: 40 },
    { ms: 40, late: 'timeout' },
  ],
  ['all attempts end', { answerBy: now + 30, perTryTimeoutMs: 40 }, { ms: 30, late: 'attempts' }],
  [
    'no time is left for the fallback',
    { answerBy: now + 50, fallbackOffer: offer(50) },
    { ms: 50, late: 'attempts' },
  ],
  ['it was over before', { answerBy: now - 30 }, { ms: 0, late: 'attempts' }],
])('an attempt is late by the first of its limits: %s', (_what, limits, expected) => {
  expect(lateAfter(limits, now)).toEqual(expected);
});

it('says so once, and not when the first byte has come', () => {
  vi.useFakeTimers();
  const onLate = vi.fn();
  watchCall({ answerBy: now + 20, totalMs: undefined }, now, onLate);
  watchCall({ answerBy: now + 20, totalMs: undefined }, now, onLate).firstByte();
  vi.advanceTimersByTime(19);
  expect(onLate).not.toHaveBeenCalled();
  vi.advanceTimersByTime(100);
  expect(onLate.mock.calls).toEqual([['attempts']]);
  vi.useRealTimers();
});

it('a call is late as a whole although its first byte came in time, but not when it is over', () => {
  vi.useFakeTimers();
  const onLate = vi.fn();
  watchCall({ totalMs: 20 }, now, onLate).firstByte();
  watchCall({ totalMs: 20 }, now, onLate).end();
  vi.advanceTimersByTime(19);
  expect(onLate).not.toHaveBeenCalled();
  vi.advanceTimersByTime(100);
  expect(onLate.mock.calls).toEqual([['call']]);
  vi.useRealTimers();
});
