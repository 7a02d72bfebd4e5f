import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PrefillRate } from './prefill-rate.ts';

/** Prompts one after the other, each read at once; returns when the last one was. */
const readAll = (
  rate: PrefillRate,
  prompts: readonly { tokens: number; tookMs: number }[],
  startAt = 0,
  pauseMs = 10_000,
): number => {
  let now = startAt;
  for (const { tokens, tookMs } of prompts) {
    rate.begin(now);
    now += tookMs;
    rate.read(tokens, now);
    now += pauseMs;
  }
  return now;
};

const times = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);

describe('the rate', () => {
  it('is tokens by the time in which there was something to read: pauses do not count', () => {
    const rate = new PrefillRate();
    const now = readAll(rate, times(3, { tokens: 2_000, tookMs: 200 }));
    expect(rate.at(now)).toBe(10_000);
  });

  it('is that of the target and not of a request: ten prompts at once take as long as one of ten times the size', () => {
    const rate = new PrefillRate();
    for (let prompt = 0; prompt < 10; prompt += 1) rate.begin(0);
    for (let prompt = 1; prompt <= 10; prompt += 1) rate.read(1_000, prompt * 100);
    expect(rate.at(1_000)).toBe(10_000);
  });

  it('is not known before there was enough to measure', () => {
    const rate = new PrefillRate();
    expect(rate.at(0)).toBeUndefined();
    // A question of 20 tokens takes its time on the way: 700 tokens a second would be absurd.
    const now = readAll(rate, times(500, { tokens: 20, tookMs: 30 }));
    expect(rate.at(now)).toBeUndefined();
  });

  it('is known from short prompts, too, when there is always one to read', () => {
    const rate = new PrefillRate();
    rate.begin(0);
    for (let now = 2; now <= 400; now += 2) {
      rate.begin(now);
      rate.read(20, now);
    }
    expect(rate.at(400)).toBe(10_000);
  });

  it('is not that of a cache: a prompt of no time moves it by a step', () => {
    const rate = new PrefillRate();
    const now = readAll(rate, times(5, { tokens: 2_000, tookMs: 200 }));
    readAll(rate, [{ tokens: 100_000, tookMs: 50 }], now);
    // Four times 10,000 with a weight of a fifth.
    expect(rate.at(now + 50)).toBe(16_000);
  });

  it('follows a target that has become slower within some samples', () => {
    const rate = new PrefillRate();
    const now = readAll(rate, times(5, { tokens: 2_000, tookMs: 200 }));
    const later = readAll(rate, times(15, { tokens: 2_000, tookMs: 600 }), now);
    expect(rate.at(later)).toBeLessThan(3_700);
  });

  it('takes nothing from attempts that left without a first byte, nor from the time beside them', () => {
    const rate = new PrefillRate();
    const now = readAll(rate, times(3, { tokens: 2_000, tookMs: 200 }));
    rate.begin(now);
    rate.begin(now);
    rate.leave(now + 60_000);
    rate.read(2_000, now + 60_200);
    expect(rate.at(now + 60_200)).toBe(10_000);
  });

  it('is forgotten after five minutes, and found anew', () => {
    const rate = new PrefillRate();
    readAll(rate, times(9, { tokens: 2_000, tookMs: 200 }), 0, 0);
    expect(rate.at(300_000)).toBe(10_000);
    expect(rate.at(302_000)).toBeUndefined();
    readAll(rate, [{ tokens: 2_000, tookMs: 2_000 }], 400_000);
    expect(rate.at(402_000)).toBe(1_000);
  });
});

it('whatever comes, the rate stays within what was seen of a busy target, or its bounds', () => {
  const anyPrompt = fc.record({ tokens: fc.nat(50_000), tookMs: fc.nat(20_000) });
  fc.assert(
    fc.property(fc.array(anyPrompt, { maxLength: 40 }), (prompts) => {
      const rate = new PrefillRate();
      let now = 0;
      for (const prompt of prompts) {
        now = readAll(rate, [prompt], now, 0);
        const known = rate.at(now);
        if (known === undefined) continue;
        expect(known).toBeGreaterThanOrEqual(50);
        expect(known).toBeLessThanOrEqual(1_000_000);
      }
    }),
  );
});
