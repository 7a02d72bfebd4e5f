import { createHash } from 'node:crypto';
import type { RatedUsage } from '@weir/contracts';
import { buildPriceBook, rateUsage } from '@weir/pricing';
import { expect, test } from 'vitest';
import { ratedUsage } from '../../../shared/ledger/src/testdata/rated-usage.ts';
import { compareWithProvider, type ProviderCall } from './ledger-oracle.ts';

const built = buildPriceBook({
  config: {
    currency: 'USD',
    onMissing: 'allow',
    models: [
      {
        model: 'small',
        inputPerMillion: '1',
        outputPerMillion: '2',
        priority: 0,
        tiers: [],
        tierMode: 'whole',
      },
    ],
  },
  sha256Hex: (text) => createHash('sha256').update(text).digest('hex'),
});
if (built.outcome !== 'built') throw new Error(built.problems.join('\n'));
const { book } = built;

const rated = (given: Partial<RatedUsage> = {}): RatedUsage => {
  const record = { ...ratedUsage, status: 200, ...given };
  return { ...record, rating: rateUsage(book, record) };
};

const call: ProviderCall = {
  id: 'request-1',
  attempt: '1.run-1',
  status: 200,
  outcome: 'completed',
  promptTokens: 10,
  completionTokens: 20,
  usageSent: true,
};

const mismatches = (calls: readonly ProviderCall[], records: readonly RatedUsage[]) =>
  compareWithProvider({ calls, records, book }).mismatches;

test('a ledger that has what the provider counted agrees with it', () => {
  expect(rated().rating).toMatchObject({ status: 'rated', amountNano: '50000' });
  expect(compareWithProvider({ calls: [call], records: [rated()], book })).toEqual({
    mismatches: [],
    calls: 1,
    attempts: 1,
    qualities: { reported: 1, estimated: 0, partial: 0, unknown: 0 },
    withoutCall: 0,
    unheard: 0,
  });
});

test.each<[string, readonly ProviderCall[], readonly RatedUsage[], string]>([
  ['a call that the ledger lacks', [call], [], 'is not in the ledger'],
  [
    'a call that failed and that the ledger lacks',
    [{ ...call, outcome: 'faulted', usageSent: false }],
    [],
    'is not in the ledger',
  ],
  ['an attempt that called twice', [call, call], [rated()], 'called the provider 2 times'],
  ['a token too many', [{ ...call, completionTokens: 19 }], [rated()], 'the ledger has 10 tokens in, 20 out'],
  ['a report that was never sent', [{ ...call, usageSent: false }], [rated()], 'never sent its usage'],
  ['an attempt that the provider does not know', [], [rated()], 'the provider knows no such call'],
  [
    'a nano too much',
    [call],
    [{ ...rated(), rating: { ...rated().rating, amountNano: '50001' } }],
    'expected rated 50000',
  ],
])('%s is found', (_name, calls, records, sentence) => {
  expect(mismatches(calls, records)).toEqual([expect.stringContaining(sentence)]);
});

test('a report that was lost is counted, unless the call was broken off', () => {
  const unheardOf = (given: Partial<ProviderCall>) =>
    compareWithProvider({ calls: [{ ...call, ...given }], records: [rated({ quality: 'unknown' })], book })
      .unheard;
  expect(unheardOf({})).toBe(1);
  expect(unheardOf({ usageSent: false })).toBe(0);
  expect(unheardOf({ outcome: 'aborted' })).toBe(0);
  const left = rated({ quality: 'partial', outcome: 'client_cancelled' });
  expect(compareWithProvider({ calls: [call], records: [left], book }).unheard).toBe(0);
});

test('what was not reported may be off, and an attempt that never got an answer needs no call', () => {
  expect(mismatches([{ ...call, completionTokens: 3 }], [rated({ quality: 'partial' })])).toEqual([]);
  const { status: _status, ...unreached } = rated({ quality: 'unknown', usage: {} });
  expect(compareWithProvider({ calls: [], records: [unreached], book })).toMatchObject({
    mismatches: [],
    withoutCall: 1,
  });
});
