import type { BudgetUnit } from './budget-counter.ts';
import type { CloudEvent } from './usage-event.ts';

export const thresholdEventType = 'io.weir.budget.threshold.v1';

/** A budget's use has reached one of its thresholds. Amounts are in the unit of the budget, as decimal integer text. */
export interface ThresholdReached {
  readonly org: string;
  readonly scope: string;
  readonly budget: string;
  /** The counter's text. */
  readonly counter: string;
  readonly unit: BudgetUnit;
  readonly limit: string;
  /** Fraction of the limit, above 0, in per mille: 800 is 80 %. */
  readonly thresholdPerMille: number;
  /** Use after the record that reached it. */
  readonly used: string;
  /** RFC 3339. */
  readonly periodStart: string;
  readonly periodEnd: string;
  /** Ledger sequence of the record that reached it. */
  readonly ledgerSequence: number;
}

export type ThresholdEvent = CloudEvent<typeof thresholdEventType, ThresholdReached>;
