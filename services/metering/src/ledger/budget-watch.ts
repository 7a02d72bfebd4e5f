import type { RatedUsage } from '@weir/contracts';
import { type Checkpoint, createTotals } from '@weir/ledger';
import { type BudgetOf, createThresholdAlerts } from '../core/threshold-alerts.ts';
import type { AlertOutbox } from './alert-outbox.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { AppendedUnit } from './run-ledger.ts';

export interface BudgetWatchOptions {
  readonly budgetOf: BudgetOf;
  readonly source: string;
  readonly sha256Hex: (text: string) => string;
  readonly outbox: AlertOutbox;
  readonly checkpoints: Checkpoints;
  readonly now: () => number;
  readonly onTrouble: (error: unknown) => void;
}

/** What budgets have been charged since the checkpoint, record by record. One for each run over the ledger. */
export interface BudgetWatch {
  /** Ledger sequence up to which it knew everything from the beginning. */
  readonly knownUpTo: number;
  take(record: RatedUsage, ledgerSequence: number): void;
  takeUnit(appended: AppendedUnit): void;
  /**
   * Writes a checkpoint now and then, when every alert before it is stored. Rejects when alerts were dropped that only
   * the ledger has: it has to be read again from the last checkpoint.
   */
  save(): Promise<void>;
  /** Resolves when alerts may be added again as fast as the ledger is read. */
  keepUp(): Promise<void>;
}

const saveEveryMs = 30_000;

export const openBudgetWatch = async (options: BudgetWatchOptions): Promise<BudgetWatch> => {
  const { outbox, checkpoints, now, onTrouble } = options;
  outbox.begin();
  const known = await checkpoints.load();
  const totals = createTotals(known?.totals);
  const alerts = createThresholdAlerts({ ...options, totals });
  const take = (record: RatedUsage, sequence: number): void => outbox.add(alerts.take(record, sequence));
  let current: Omit<Checkpoint, 'totals'> | undefined;
  let savedAt = now();
  return {
    knownUpTo: known?.sequence ?? 0,
    take,
    takeUnit: ({ unit, sequences, commitSequence }) => {
      unit.records.forEach(({ event }, index) => {
        take(event.data, sequences[index] ?? commitSequence);
      });
      if (unit.records.length === 0) return;
      const { sourceEpoch, hash } = unit.commit;
      current = { sourceEpoch, hash, sequence: commitSequence };
    },
    keepUp: () => outbox.room(),
    save: async () => {
      if (outbox.hasLost) throw new Error('alerts were dropped: they are read out of the ledger again');
      if (!current || outbox.pending > 0 || now() - savedAt < saveEveryMs) return;
      savedAt = now();
      alerts.forget(Math.floor(now() / 1_000));
      const checkpoint: Checkpoint = { ...current, totals: totals.entries() };
      current = undefined;
      await checkpoints.save(checkpoint).catch(onTrouble);
    },
  };
};
