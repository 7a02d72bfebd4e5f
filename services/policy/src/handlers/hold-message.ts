import { decodeHoldMessage, type HoldMessage } from '@weir/contracts';
import type { BusMessage } from '@weir/messaging';
import type { LimitStore } from '../core/limit-store.ts';

export interface HoldMessageDependencies {
  readonly store: Pick<LimitStore, 'extend' | 'finish' | 'release'>;
  /** Of what a running request holds. */
  readonly ttlMs: number;
  /** Of what a request holds that is over and not settled yet. */
  readonly settleTtlMs: number;
  readonly onError: (error: unknown) => void;
}

const carryOut = (
  { kind, ids, accounts }: HoldMessage,
  { store, ttlMs, settleTtlMs }: HoldMessageDependencies,
): Promise<void> => {
  if (kind === 'extend') return store.extend(ids, ttlMs);
  return kind === 'finish' ? store.finish(ids, settleTtlMs, accounts) : store.release(ids);
};

/** What became of running requests. One that is lost costs a hold's time to live, so a failure is only reported. */
export const createHoldMessages =
  (dependencies: HoldMessageDependencies) =>
  async ({ data }: Pick<BusMessage, 'data'>): Promise<void> => {
    const message = decodeHoldMessage(data);
    if (!message) return;
    await carryOut(message, dependencies).catch(dependencies.onError);
  };
