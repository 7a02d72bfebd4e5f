import { counterText, type LedgerCommit, type RatedUsage, toRatedEvent } from '@weir/contracts';
import type { Checkpoint } from '@weir/ledger';
import { expect, it } from 'vitest';
import { toAccount, toDelta } from '../core/attempt-account.ts';
import type { ThresholdAlert } from '../core/threshold-alerts.ts';
import { baseFinal, rateByToken } from '../testdata/ledger-world.ts';
import { openBudgetWatch } from './budget-watch.ts';
import type { AppendedUnit } from './run-ledger.ts';

const endsAt = 10_000_000;
const counter = counterText({ unit: 'tokens', scope: 'org:acme', budget: 'monthly', startsAt: 0, endsAt });

const record = (): RatedUsage => {
  const final = { ...baseFinal, charges: [counter] };
  const rating = rateByToken(final);
  const delta = toDelta(toAccount(final, rating), undefined);
  return { ...final, rating, delta, ratingNumber: 0, source: { sequence: 1, part: 0 } };
};

const unitAt = (commitSequence: number): AppendedUnit => ({
  unit: {
    records: [{ event: toRatedEvent('/gateways/test', record()), payload: new Uint8Array() }],
    commit: { sourceEpoch: 'epoch', hash: `hash-${commitSequence}` } as LedgerCommit,
    applied: [],
    poison: [],
  },
  sequences: [commitSequence - 1],
  commitSequence,
});

const open = async (stored?: Checkpoint) => {
  const saved: Checkpoint[] = [];
  const alerts: ThresholdAlert[] = [];
  const state = { pending: 0, nowMs: 0, fails: false, hasLost: false, begun: 0 };
  const watch = await openBudgetWatch({
    budgetOf: () => ({ limitUnits: 60n, thresholds: [500, 1_000] }),
    source: '/gateways/test',
    sha256Hex: (text) => text,
    outbox: {
      get pending() {
        return state.pending;
      },
      get hasLost() {
        return state.hasLost;
      },
      add: (added) => void alerts.push(...added),
      room: async () => undefined,
      begin: () => {
        state.begun += 1;
      },
      stop: async () => undefined,
    },
    checkpoints: {
      load: async () => stored,
      save: async (checkpoint) => {
        if (state.fails) throw new Error('away');
        saved.push({ ...checkpoint, totals: new Map(checkpoint.totals) });
      },
    },
    now: () => state.nowMs,
    onTrouble: () => undefined,
  });
  return { watch, saved, alerts, state };
};

it('saves the totals as of a commit now and then, once every alert before it is stored', async () => {
  const { watch, saved, state, alerts } = await open();
  expect(watch.knownUpTo).toBe(0);
  watch.takeUnit(unitAt(2));
  expect(alerts.map(({ event }) => event.data.ledgerSequence)).toEqual([1]);
  await watch.save();
  state.nowMs = 60_000;
  state.pending = 1;
  await watch.save();
  expect(saved).toEqual([]);
  state.pending = 0;
  await watch.save();
  await watch.save();
  expect(saved).toEqual([
    { sourceEpoch: 'epoch', hash: 'hash-2', sequence: 2, totals: new Map([[counter, 30n]]) },
  ]);
});

it('goes on from what was saved, and tells again what was reached before: it is stored once', async () => {
  const totals = new Map([[counter, 30n]]);
  const { watch, alerts } = await open({ sourceEpoch: 'epoch', hash: 'hash-2', sequence: 2, totals });
  expect(watch.knownUpTo).toBe(2);
  watch.take(record(), 3);
  expect(alerts.map(({ event }) => [event.data.thresholdPerMille, event.data.used])).toEqual([
    [500, '60'],
    [1_000, '60'],
  ]);
});

it('has the ledger read again when alerts were dropped', async () => {
  const { watch, saved, state } = await open();
  expect(state.begun).toBe(1);
  watch.takeUnit(unitAt(2));
  Object.assign(state, { pending: 1, hasLost: true, nowMs: 60_000 });
  await expect(watch.save()).rejects.toThrow(/read out of the ledger again/);
  expect(saved).toEqual([]);
});

it('21: after a crash the same records give the same alerts, on the same subjects', async () => {
  const before = await open();
  const after = await open();
  for (const { watch } of [before, after]) for (const sequence of [1, 3]) watch.take(record(), sequence);
  expect(before.alerts).toHaveLength(2);
  expect(after.alerts).toEqual(before.alerts);
});

it('forgets counters of periods that ended long ago, and lives on when it cannot save', async () => {
  const { watch, saved, state } = await open();
  watch.takeUnit(unitAt(2));
  state.nowMs = 3 * endsAt * 1_000;
  state.fails = true;
  await watch.save();
  state.fails = false;
  watch.takeUnit(unitAt(4));
  state.nowMs += 60_000;
  await watch.save();
  expect(saved).toMatchObject([{ sequence: 4, totals: new Map() }]);
});
