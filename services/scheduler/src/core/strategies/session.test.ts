import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bySession } from './session.ts';

const targets = ['t0', 't1', 't2', 't3'].map((name) => ({ name, weight: 1 }));

const choose = (session: string, costsMs: readonly number[], maxExtraCostMs = 1_500, among = targets) =>
  bySession(among, { session, costsMs, maxExtraCostMs })?.name;

describe('a session', () => {
  const idle = [0, 0, 0, 0];
  const home = choose('alice', idle) ?? '';
  const costOf = (expensive: Readonly<Record<string, number>>) =>
    targets.map(({ name }) => expensive[name] ?? 10);

  test('stays where it is while that costs no more than it may', () => {
    expect(choose('alice', costOf({ [home]: 1_510 }))).toBe(home);
  });

  test('leaves when it costs more, always for the same other target, and comes back', () => {
    const next = choose('alice', costOf({ [home]: 1_511 }));
    expect(next).not.toBe(home);
    expect(choose('alice', costOf({ [home]: 90_000 }))).toBe(next);
    const third = choose('alice', costOf({ [home]: 1_511, [next ?? '']: 1_511 }));
    expect([home, next]).not.toContain(third);
    expect(choose('alice', idle)).toBe(home);
  });

  test('goes to the cheapest when it may cost nothing more', () => {
    expect(choose('alice', [5, 3, 4, 9], 0)).toBe('t1');
  });

  test('has no target where there is none', () => {
    expect(choose('alice', [], 1_500, [])).toBeUndefined();
  });
});

test('law: what is chosen is within the limit, and is what would be chosen if the others were not there', () => {
  const anyCosts = fc.array(fc.nat(5_000), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(fc.string(), anyCosts, fc.nat(3_000), (session, costsMs, maxExtraCostMs) => {
      const chosen = choose(session, costsMs, maxExtraCostMs);
      const within = targets.filter(
        (_one, at) => (costsMs[at] ?? 0) <= Math.min(...costsMs) + maxExtraCostMs,
      );
      expect(chosen).toBe(
        choose(
          session,
          within.map(() => 0),
          0,
          within,
        ),
      );
    }),
  );
});
