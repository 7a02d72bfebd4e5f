import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeOf } from '../testdata/place-of.ts';
import { enginePressure, kvCostMs, usualKvUsage } from './engine-pressure.ts';
import type { Place } from './place.ts';

const place = (engine?: Place['engine']): Place => placeOf('t0', { engine });

describe('a KV cache in use', () => {
  it.each([
    [0, 0],
    [0.5, 150],
    [0.9, 1_350],
    [0.999, 149_850],
    [1, 149_850],
  ])('of %d costs %d ms', (share, milliseconds) => {
    expect(kvCostMs(share)).toBeCloseTo(milliseconds, 6);
  });

  it('law: costs more the fuller it is, and always a finite time', () => {
    const anyShare = fc.double({ min: -1, max: 2, noNaN: true });
    fc.assert(
      fc.property(anyShare, anyShare, (one, other) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        expect(kvCostMs(low)).toBeLessThanOrEqual(kvCostMs(high));
        expect(Number.isFinite(kvCostMs(high))).toBe(true);
      }),
    );
  });

  it('that is not known is taken for the mean of the others', () => {
    const pressures = [{ kvUsage: 0.2 }, { kvUsage: undefined }, { kvUsage: 0.6 }];
    expect(usualKvUsage(pressures)).toBeCloseTo(0.4);
    expect(usualKvUsage([{ kvUsage: undefined }])).toBe(0);
  });
});

describe('requests in the engine', () => {
  it.each<[string, Place[], number, { foreign: number; foreignTokens: number }]>([
    ['nothing is known', [place()], 3, { foreign: 0, foreignTokens: 0 }],
    ['all are ours', [place({ running: 2, waiting: 1 })], 3, { foreign: 0, foreignTokens: 0 }],
    ['some are not', [place({ running: 5, waiting: 2 })], 3, { foreign: 4, foreignTokens: 2_000 }],
    [
      'more wait than are foreign',
      [place({ running: 1, waiting: 9 })],
      9,
      { foreign: 1, foreignTokens: 1_000 },
    ],
    [
      'two instances see the same engine',
      [place({ running: 5 }), place({ running: 4 })],
      3,
      { foreign: 2, foreignTokens: 0 },
    ],
    ['how many run is not known', [place({ waiting: 4 })], 0, { foreign: 0, foreignTokens: 0 }],
  ])('%s', (_what, places, running, expected) => {
    expect(enginePressure(places, running)).toMatchObject(expected);
  });
});
