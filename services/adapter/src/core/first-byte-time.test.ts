import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FirstByteTime } from './first-byte-time.ts';

const answer = (time: FirstByteTime, tookMs: number, startAt: number): void => {
  time.begin(startAt);
  time.succeed(tookMs, startAt + tookMs);
};

it('is not known before the first success', () => {
  const time = new FirstByteTime();
  time.begin(0);
  time.leave(5);
  expect(time.at(10)).toBeUndefined();
});

it('rises at once and falls by and by', () => {
  const time = new FirstByteTime();
  answer(time, 50, 0);
  answer(time, 400, 100);
  expect(time.at(500)).toBe(400);
  answer(time, 50, 1_450);
  // A silence of 950 of 10,000 ms, then 50 ms of the new answer.
  expect(time.at(1_500)).toBe(Math.round(50 + (400 * Math.exp(-0.095) - 50) * Math.exp(-0.005)));
});

it('fades while nothing is asked, so that a slow target is tried again', () => {
  const time = new FirstByteTime();
  answer(time, 1_000, 0);
  expect(time.at(11_000)).toBe(368);
  expect(time.at(21_000)).toBe(135);
  expect(time.at(10_000_000)).toBe(1);
});

it('does not fade while an answer is due', () => {
  const time = new FirstByteTime();
  answer(time, 1_000, 0);
  time.begin(1_000);
  expect(time.at(60_000)).toBe(1_000);
  time.leave(60_000);
  expect(time.at(60_000)).toBe(1_000);
  expect(time.at(70_000)).toBe(368);
});

it('is not shortened by a failure, however quick', () => {
  const time = new FirstByteTime();
  answer(time, 1_000, 0);
  for (let at = 1_000; at < 1_050; at += 1) {
    time.begin(at);
    time.leave(at + 1);
  }
  expect(time.at(1_050)).toBe(1_000);
});

it('is never above the slowest answer, nor below a millisecond, however often it is looked at', () => {
  const anyAnswer = fc.record({ tookMs: fc.nat(5_000), pauseMs: fc.nat(5_000), looks: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(anyAnswer, { minLength: 1, maxLength: 30 }), (answers) => {
      const seen = new FirstByteTime();
      const unseen = new FirstByteTime();
      let now = 0;
      for (const { tookMs, pauseMs, looks } of answers) {
        answer(seen, tookMs, now);
        answer(unseen, tookMs, now);
        now += tookMs + pauseMs;
        for (let look = 0; look < looks; look += 1) seen.at(now - pauseMs / (look + 1));
      }
      const slowest = Math.max(...answers.map(({ tookMs }) => tookMs));
      expect(seen.at(now)).toBeLessThanOrEqual(Math.max(1, slowest));
      expect(seen.at(now)).toBeGreaterThanOrEqual(1);
      expect(Math.abs((seen.at(now) ?? 0) - (unseen.at(now) ?? 0))).toBeLessThanOrEqual(1);
    }),
  );
});
