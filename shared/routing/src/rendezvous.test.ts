import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rendezvousOwner, rendezvousScores } from './rendezvous.ts';

type Target = { readonly name: string; readonly weight: number };

const ownerOf = (key: string, targets: readonly Target[]): string | undefined => {
  const scores = rendezvousScores(key, targets);
  return targets[scores.indexOf(Math.max(...scores))]?.name;
};

const keys = Array.from({ length: 10_000 }, (_none, at) => `session-${at}`);

const sharesOf = (targets: readonly Target[]): readonly number[] =>
  targets.map(({ name }) => keys.filter((key) => ownerOf(key, targets) === name).length / keys.length);

test.each<[string, readonly number[]]>([
  ['equal weights', [1, 1, 1, 1, 1, 1, 1, 1]],
  ['a target of half the weight', [2, 2, 1]],
  ['very different weights', [100, 10, 1]],
])('each target has the share of its weight: %s', (_what, weights) => {
  const targets = weights.map((weight, at) => ({ name: `t${at}`, weight }));
  const sum = weights.reduce((total, weight) => total + weight);
  for (const [at, share] of sharesOf(targets).entries()) {
    // Five standard deviations of a binomial share.
    const expected = (weights[at] ?? 0) / sum;
    const tolerance = 5 * Math.sqrt((expected * (1 - expected)) / keys.length);
    expect(Math.abs(share - expected)).toBeLessThan(tolerance);
  }
});

const anyTargets = fc.uniqueArray(
  fc.record({ name: fc.string({ minLength: 1, maxLength: 8 }), weight: fc.integer({ min: 1, max: 9 }) }),
  { selector: ({ name }) => name, minLength: 2, maxLength: 9 },
);

test('law: a target that goes moves its own keys alone, whatever the order of the others', () => {
  fc.assert(
    fc.property(anyTargets, fc.string(), fc.nat(), (targets, key, at) => {
      const gone = targets[at % targets.length]?.name;
      const left = targets.filter(({ name }) => name !== gone);
      const before = ownerOf(key, targets);
      const after = ownerOf(key, [...left].reverse());
      if (before === gone) expect(left.map(({ name }) => name)).toContain(after);
      else expect(after).toBe(before);
    }),
  );
});

test('law: a target with more weight takes keys from the others and loses none', () => {
  fc.assert(
    fc.property(anyTargets, fc.string(), fc.nat(), (targets, key, at) => {
      const grown = targets[at % targets.length]?.name;
      const before = ownerOf(key, targets);
      const heavier = targets.map((one) => (one.name === grown ? { ...one, weight: one.weight * 2 } : one));
      expect([before, grown]).toContain(ownerOf(key, heavier));
    }),
  );
});

test('law: of equal names one has the key, whatever order they come in; of none, none', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 9 }), fc.string(), (names, key) => {
      const owner = rendezvousOwner(key, names);
      expect(names).toContain(owner);
      expect(rendezvousOwner(key, [...names].reverse())).toBe(owner);
    }),
  );
  expect(rendezvousOwner('key', [])).toBeUndefined();
});
