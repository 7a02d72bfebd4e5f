import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Sha256 } from './hash-unit.ts';
import { createRebuild } from './rebuild.ts';
import { createHistory, type History, toLedgerMessages, toUsageMessages } from './testdata/history.ts';

const sha256: Sha256 = (chunks) => createHash('sha256').update(Buffer.concat(chunks)).digest('hex');

const history: History = createHistory({
  attempts: [
    // The last two revisions come in the wrong order, and one twice.
    {
      org: 'acme',
      team: 'web',
      handedBack: false,
      charged: true,
      accounts: [1, 0, 1, 2].map((revision) => ({ revision, tokens: 10 + revision })),
    },
    { org: 'acme', team: '_', handedBack: true, charged: false, accounts: [{ revision: 1, tokens: 100 }] },
    { org: 'globex', team: '_', handedBack: false, charged: false, accounts: [{ revision: 0, tokens: 7 }] },
  ],
  ranks: [0],
  batchSizes: [2],
  unitSizes: [1, 2],
});

const rebuild = ({
  usage = toUsageMessages(history),
  ledger = toLedgerMessages(history.units, sha256),
} = {}) => {
  const machine = createRebuild();
  for (const message of ledger) machine.takeLedger(message);
  for (const message of usage) machine.takeUsage(message);
  return machine.report();
};

test('what USAGE says in the end is what the deltas of the ledger add up to, by organisation and month', () => {
  const { rows, unrecorded, expired } = rebuild();
  expect(rows.map(({ org, month, equal }) => [org, month, equal])).toEqual([
    ['acme', '2025-01', true],
    ['globex', '2025-01', true],
  ]);
  expect(rows[0]?.rebuilt).toMatchObject({ requests: 1, inputTokens: 12 + 100, outputTokens: 224 });
  expect({ unrecorded, expired }).toEqual({ unrecorded: 0, expired: 0 });
});

test('a record that the ledger lacks shows in the row of its organisation', () => {
  const ledger = toLedgerMessages(history.units, sha256).filter(({ subject }) => !subject.includes('globex'));
  const { rows, unrecorded } = rebuild({ ledger });
  expect(rows.map(({ org, equal }) => [org, equal])).toEqual([
    ['acme', true],
    ['globex', false],
  ]);
  expect(unrecorded).toBe(1);
});

test('of attempts that USAGE no longer has the ledger is believed', () => {
  const { rows, expired } = rebuild({ usage: [] });
  expect(rows.every(({ equal }) => equal)).toBe(true);
  expect(expired).toBe(3);
});
