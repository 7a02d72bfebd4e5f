import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createOutputHistory } from './output-history.ts';

test('too few answers say nothing', () => {
  const history = createOutputHistory();
  for (let count = 0; count < 19; count += 1) history.add('small', 100);
  expect(history.quantileOf('small', 0.95)).toBeUndefined();
  history.add('small', 100);
  expect(history.quantileOf('small', 0.95)).toBe(100);
  expect(history.quantileOf('large', 0.95)).toBeUndefined();
});

test('old answers are forgotten', () => {
  const history = createOutputHistory();
  for (let count = 0; count < 512; count += 1) history.add('small', 1_000);
  for (let count = 0; count < 512; count += 1) history.add('small', 10);
  expect(history.quantileOf('small', 1)).toBe(10);
});

test('models are bounded: the first that was heard of goes', () => {
  const history = createOutputHistory(2);
  for (const model of ['first', 'second', 'third']) {
    for (let count = 0; count < 20; count += 1) history.add(model, 5);
  }
  expect(history.quantileOf('first', 1)).toBeUndefined();
  expect(history.quantileOf('third', 1)).toBe(5);
});

test('law: at least that share of the answers stays within the quantile', () => {
  const lengths = fc.array(fc.nat(10_000), { minLength: 20, maxLength: 500 });
  const quantiles = fc.double({ min: 0.01, max: 1, noNaN: true });
  fc.assert(
    fc.property(lengths, quantiles, (given, quantile) => {
      const history = createOutputHistory();
      for (const length of given) history.add('small', length);
      const bound = history.quantileOf('small', quantile) ?? Number.NaN;
      expect(given.filter((length) => length <= bound).length).toBeGreaterThanOrEqual(
        Math.floor(quantile * given.length),
      );
      expect(given).toContain(bound);
    }),
  );
});
