import type { UsagePublisher } from '@weir/messaging';
import type { AttemptTable } from './attempt/attempt-table.ts';

const pollMs = 20;

/** Waits for the attempts to end; those that have not by `timeoutMs` are failed, so that their clients know. */
export const untilEmpty = async (table: AttemptTable, timeoutMs: number): Promise<void> => {
  const until = performance.now() + timeoutMs;
  while (table.size > 0 && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  for (const attempt of table.all()) attempt.fail('draining');
};

/** Waits until every usage event is stored. */
export const untilStored = async (usage: UsagePublisher): Promise<void> => {
  while (usage.pending > 0) await usage.idle();
};
