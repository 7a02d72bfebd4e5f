import { describe, expect, test } from 'vitest';
import { byLeastLatency } from './least-latency.ts';

type Target = Parameters<typeof byLeastLatency>[0][number] & { readonly name: string };

const target = (name: string, firstByteMs: number | undefined, running = 0, weight = 1): Target => ({
  name,
  firstByteMs,
  running,
  weight,
});

const best = (targets: readonly Target[], factorOf: (one: Target) => number = () => 1) =>
  byLeastLatency(targets, factorOf).map(({ name }) => name);

describe('least latency', () => {
  test.each<[string, Target[], string[]]>([
    ['the quickest is chosen', [target('a', 300), target('b', 100)], ['b']],
    ['until it has so much to do', [target('a', 300, 0), target('b', 100, 3)], ['a']],
    ['and all that are as quick', [target('a', 100), target('b', 200), target('c', 100)], ['a', 'c']],
    ['weight divides what is to do', [target('a', 100, 3, 2), target('b', 100, 2, 1)], ['a']],
    [
      'nothing known of any: what has least to do',
      [target('a', undefined, 1), target('b', undefined)],
      ['b'],
    ],
    [
      'one of which nothing is known counts as the quickest',
      [target('a', 90), target('b', undefined)],
      ['a', 'b'],
    ],
    ['and is left alone while it is being tried', [target('a', 90), target('b', undefined, 1)], ['a']],
    ['no target at all', [], []],
  ])('%s', (_what, targets, expected) => {
    expect(best(targets)).toEqual(expected);
  });

  test('what is new counts for more', () => {
    const targets = [target('a', 100), target('new', 80)];
    expect(best(targets, ({ name }) => (name === 'new' ? 2 : 1))).toEqual(['a']);
  });

  test('the busiest of seven is left out, however quick', () => {
    const others = ['b', 'c', 'd', 'e', 'f', 'g'].map((name) => target(name, 5_000, 4));
    expect(best([target('a', 1, 5), ...others])).not.toContain('a');
    expect(best([target('a', 1, 4), ...others])).toEqual(['a']);
    expect(best([target('a', 1, 5), ...others.slice(1)])).toEqual(['a']);
  });
});
