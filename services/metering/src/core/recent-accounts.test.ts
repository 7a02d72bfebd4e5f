import { expect, it } from 'vitest';
import { baseFinal, rateByToken } from '../testdata/ledger-world.ts';
import { type AttemptAccount, toAccount } from './attempt-account.ts';
import { createRecentAccounts } from './recent-accounts.ts';

const accountOf = (startedAt: number): AttemptAccount =>
  toAccount({ ...baseFinal, startedAt }, rateByToken(baseFinal));

it('knows of everything until it has to forget', () => {
  const accounts = createRecentAccounts({ limit: 2 });
  expect(accounts).toMatchObject({ floor: Number.NEGATIVE_INFINITY, latestStart: undefined });
  for (const startedAt of [5, 3, 4]) accounts.set(String(startedAt), accountOf(startedAt));
  expect(accounts.size).toBe(3);
  accounts.trim();
  expect(accounts.get('5')).toBeUndefined();
  expect(accounts.get('3')).toBeDefined();
  expect(accounts).toMatchObject({ size: 2, floor: 5, latestStart: 5 });
});

it('keeps what was told of last', () => {
  const accounts = createRecentAccounts({ limit: 1 });
  accounts.set('1', accountOf(1));
  accounts.set('2', accountOf(2));
  accounts.set('1', accountOf(1));
  accounts.trim();
  expect(accounts.get('1')).toBeDefined();
  expect(accounts.floor).toBe(2);
});

it('begins with the age of what was there before', () => {
  expect(createRecentAccounts({ limit: 1, latestForgotten: 7 })).toMatchObject({ floor: 7, latestStart: 7 });
});
