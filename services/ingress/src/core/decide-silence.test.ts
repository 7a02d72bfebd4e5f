import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideSilence, type Silence } from './decide-silence.ts';

const silence = (more: Partial<Silence> = {}): Silence => ({
  silentMs: 0,
  unheardMs: 0,
  patienceMs: 1_000,
  limitMs: 10_000,
  lateMs: 0,
  mayResubmit: () => true,
  ...more,
});

describe('silence', () => {
  it.each([
    ['shorter than its patience', { silentMs: 1_000, unheardMs: 1_000 }, 'wait'],
    ['longer than its patience', { silentMs: 1_001, unheardMs: 1_001 }, 'resubmit'],
    [
      'longer, when nothing may be submitted again',
      { silentMs: 9_000, unheardMs: 9_000, mayResubmit: () => false },
      'wait',
    ],
    ['no longer than twice what others wait', { silentMs: 4_000, unheardMs: 4_000, lateMs: 2_000 }, 'wait'],
    ['longer than that', { silentMs: 4_001, unheardMs: 4_001, lateMs: 2_000 }, 'resubmit'],
    ['that counts as death', { silentMs: 2_000, unheardMs: 10_001 }, 'give-up'],
    ['as long, while others are heard later still', { unheardMs: 15_000, lateMs: 8_000 }, 'wait'],
  ] as const)('%s', (_name, given, verdict) => {
    expect(decideSilence(silence(given))).toBe(verdict);
  });

  const anySilence = fc.record({
    silentMs: fc.nat(40_000),
    unheardMs: fc.nat(40_000),
    lateMs: fc.nat(15_000),
    patienceMs: fc.constantFrom(1_000, 2_000, 3_500, 4_000),
  });

  it('takes a resubmission only to use it', () => {
    fc.assert(
      fc.property(anySilence, fc.boolean(), (given, isLeft) => {
        let taken = 0;
        const mayResubmit = () => {
          if (isLeft) taken += 1;
          return isLeft;
        };
        const verdict = decideSilence(silence({ ...given, mayResubmit }));
        expect(taken).toBe(verdict === 'resubmit' ? 1 : 0);
      }),
    );
  });

  it('is never given up on for want of resubmissions', () => {
    fc.assert(
      fc.property(anySilence, (given) => {
        const isGivenUp = (mayResubmit: () => boolean) =>
          decideSilence(silence({ ...given, mayResubmit })) === 'give-up';
        expect(isGivenUp(() => false)).toBe(isGivenUp(() => true));
      }),
    );
  });
});
