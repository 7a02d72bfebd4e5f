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
  /** Writes a checkpoint now and then, when every alert before it is stored. Never rejects. */
  save(): Promise<void>;
}

const saveEveryMs = 30_000;
/** Late corrections still reach the counters of a period that is over. */
const keepEndedSeconds = 35 * 86_400;

export const openBudgetWatch = async (options: BudgetWatchOptions): Promise<BudgetWatch> => {
  const { outbox, checkpoints, now, onTrouble } = options;
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
    save: async () => {
      if (!current || outbox.pending > 0 || now() - savedAt < saveEveryMs) return;
      savedAt = now();
      totals.forget(Math.floor(now() / 1_000) - keepEndedSeconds);
      const checkpoint: Checkpoint = { ...current, totals: totals.entries() };
      current = undefined;
      await checkpoints.save(checkpoint).catch(onTrouble);
    },
  };
};
