import { type BudgetUnit, type RatedDelta, type RatedUsage, readCounter } from '@weir/contracts';
import { countTokens } from './token-counts.ts';

/** A budget counter's text, and what is added to it, in the counter's unit. May be negative. */
export type Charge = readonly [counter: string, delta: bigint];

const deltaIn = (unit: BudgetUnit, delta: RatedDelta): bigint => {
  if (unit === 'tokens') return BigInt(delta.inputTokens) + BigInt(delta.outputTokens);
  return unit === 'requests' ? BigInt(delta.requests) : BigInt(delta.chargeNano);
};

/**
 * What a record adds to the counters that its request is charged to. A counter that is named twice is charged once;
 * a text that is no counter is charged nothing, and so is a counter that would not change.
 */
export const chargesOf = ({ charges, delta }: Pick<RatedUsage, 'charges' | 'delta'>): readonly Charge[] =>
  [...new Set(charges)].flatMap((text): Charge[] => {
    const counter = readCounter(text);
    const added = counter ? deltaIn(counter.unit, delta) : 0n;
    return added === 0n ? [] : [[text, added]];
  });

/** What the limit store is told about a record. */
export interface SettleRecord {
  /** The request: its holds are kept under its id. */
  readonly id: string;
  readonly charges: readonly Charge[];
  /** What the attempt used in all, as of this record. Undefined when nothing of it is known. */
  readonly tokens: number | undefined;
  /** The request is over, and its holds with it. */
  readonly ends: boolean;
}

const totalOf = ({ usage }: Pick<RatedUsage, 'usage'>): number | undefined => {
  const { input, output } = countTokens(usage);
  return input === undefined && output === undefined ? undefined : (input ?? 0) + (output ?? 0);
};

export const toSettleRecord = (data: RatedUsage): SettleRecord => ({
  id: data.requestId,
  charges: chargesOf(data),
  tokens: totalOf(data),
  ends: data.handedBack !== true,
});
