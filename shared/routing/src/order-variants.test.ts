import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { orderVariants, type Variant } from './order-variants.ts';
import { stableFraction } from './stable-hash.ts';

const variantsArbitrary = fc
  .array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 6 })
  .map((weights): Variant[] =>
    weights.map((weight, at) => ({ name: `v${at}`, upstream: `upstream-${at}`, weight })),
  );

const namesOf = (variants: readonly Variant[]): readonly string[] => variants.map(({ name }) => name);

const keys = Array.from({ length: 20_000 }, (_, at) => `0198c0de-0000-7000-8000-${at.toString(16)}`);

const sharesOf = (variants: readonly Variant[]): ReadonlyMap<string, number> => {
  const shares = new Map<string, number>();
  for (const key of keys) {
    const name = orderVariants(variants, key)[0]?.name ?? '';
    shares.set(name, (shares.get(name) ?? 0) + 1 / keys.length);
  }
  return shares;
};

const weighted = (...weights: readonly number[]): Variant[] =>
  weights.map((weight, at) => ({ name: `v${at}`, upstream: `upstream-${at}`, weight }));

describe('a variant comes first for its share of the keys', () => {
  test.each([[[80, 20]], [[99, 1]], [[1, 1, 1]], [[0.5, 0.25, 0.25]], [[5, 0, 15]]])('%j', (weights) => {
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const shares = sharesOf(weighted(...weights));
    for (const [at, weight] of weights.entries()) {
      // Five standard deviations of the count.
      const share = weight / sum;
      const tolerance = 5 * Math.sqrt((share * (1 - share)) / keys.length);
      expect(Math.abs((shares.get(`v${at}`) ?? 0) - share)).toBeLessThanOrEqual(tolerance);
    }
  });
});

test('a growing weight takes keys from others, and gives none away', () => {
  const firstOf = (weight: number, key: string) =>
    orderVariants(weighted(100 - weight, weight), key)[0]?.name;
  for (const key of keys.slice(0, 2_000)) {
    const ways = [5, 25, 50, 75, 100].map((weight) => firstOf(weight, key));
    expect(ways.indexOf('v1') < 0 || ways.slice(ways.indexOf('v1')).every((name) => name === 'v1')).toBe(
      true,
    );
  }
});

test('laws: all with a weight and no other, the same for the same key, whatever the order they are listed in', () => {
  fc.assert(
    fc.property(variantsArbitrary, fc.string(), (variants, key) => {
      const ordered = namesOf(orderVariants(variants, key));
      expect([...ordered].sort()).toEqual([...namesOf(variants.filter(({ weight }) => weight > 0))].sort());
      expect(namesOf(orderVariants([...variants].reverse(), key))).toEqual(ordered);
      const rest = variants.filter(({ name }) => name !== ordered[0]);
      expect(namesOf(orderVariants(rest, key))).toEqual(ordered.slice(1));
    }),
  );
});

test('a text has its place between 0 and 1, the same in every version', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(stableFraction(text)).toBeGreaterThan(0);
      expect(stableFraction(text)).toBeLessThan(1);
    }),
  );
  expect(['', 'a', 'acme/web/k1'].map(stableFraction)).toMatchInlineSnapshot(`
    [
      0.6689221886733449,
      0.1035262167407992,
      0.5676373834448581,
    ]
  `);
});
