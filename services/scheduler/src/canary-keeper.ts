import { type CanaryState, canaryChangeOf } from '@weir/contracts';
import type { EntryWriter, Lease } from '@weir/messaging';
import type { Logger } from '@weir/runtime';
import type { CanaryBoard, CanaryDecision, CanaryNews } from './core/canary/canary-board.ts';

export interface CanaryKeeperDeps {
  readonly board: CanaryBoard;
  readonly lease: Pick<Lease, 'acquire' | 'held'>;
  /** Opens the bucket. */
  readonly writer: () => Promise<EntryWriter>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly countRollback: (route: string, reason: string) => void;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** Of the schedulers one judges; all of them, this one included, follow what it stores. */
export interface CanaryKeeper {
  /** Called twice a second. Never rejects; a call while another one is under way does nothing. */
  tick(): Promise<void>;
  /** A state was stored, by us or by anybody. */
  changed(news: CanaryNews): void;
}

/** What a person wants to know of a change. */
const summaryOf = ({ route, canary, stable, phase, step, weight, reason, seen }: CanaryState) => ({
  route,
  canary,
  stable,
  phase,
  step,
  weight,
  ...(reason === undefined ? {} : { reason }),
  ...(seen === undefined ? {} : { seen }),
});

export const createCanaryKeeper = (deps: CanaryKeeperDeps): CanaryKeeper => {
  const { board, lease, writer, logger, countRollback, now, signal } = deps;
  let working = false;
  let isTroubled = false;

  /** A lost race means that somebody else decided: that comes by the watch, and is judged next time. */
  const store = async ({ route, next, replaces }: CanaryDecision): Promise<void> => {
    await (await writer()).put(route, JSON.stringify(next), replaces);
  };

  const work = async (): Promise<void> => {
    if (!lease.held && (await lease.acquire(signal)) === 'aborted') return;
    for (const decision of board.decide(now())) await store(decision);
    isTroubled = false;
  };

  return {
    tick: async () => {
      if (working || board.size === 0 || signal.aborted) return;
      working = true;
      try {
        await work();
      } catch (error) {
        if (!isTroubled)
          logger.warn({ err: error }, 'canaries stay as they are: their state cannot be stored');
        isTroubled = true;
      } finally {
        working = false;
      }
    },
    changed: ({ state }) => {
      // One of the schedulers speaks for all.
      if (!lease.held) return;
      const change = canaryChangeOf(state);
      if (change !== 'rolled_back') return logger.info(summaryOf(state), `canary ${change}`);
      countRollback(state.route, state.reason ?? 'operator');
      logger.warn(summaryOf(state), 'canary rolled back');
    },
  };
};
