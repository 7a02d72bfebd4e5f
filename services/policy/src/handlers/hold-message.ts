import { decodeHoldMessage, type HoldMessage } from '@weir/contracts';
import type { BusMessage } from '@weir/messaging';
import type { LimitStore } from '../core/limit-store.ts';

export interface HoldMessageDependencies {
  readonly store: Pick<LimitStore, 'extend' | 'finish' | 'release'>;
  readonly ttlMs: number;
  readonly onError: (error: unknown) => void;
}

const carryOut = (
  store: HoldMessageDependencies['store'],
  { kind, ids }: HoldMessage,
  ttlMs: number,
): Promise<void> => {
  if (kind === 'extend') return store.extend(ids, ttlMs);
  return kind === 'finish' ? store.finish(ids) : store.release(ids);
};

/** What became of running requests. One that is lost costs a hold's time to live, so a failure is only reported. */
export const createHoldMessages =
  ({ store, ttlMs, onError }: HoldMessageDependencies) =>
  async ({ data }: Pick<BusMessage, 'data'>): Promise<void> => {
    const message = decodeHoldMessage(data);
    if (!message) return;
    await carryOut(store, message, ttlMs).catch(onError);
  };
