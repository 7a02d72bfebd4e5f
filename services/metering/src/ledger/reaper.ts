import { type UsagePublisher, withDeadline } from '@weir/messaging';
import type { OpenIntents } from '../core/open-intents.ts';
import { reapIntents } from '../core/reap-intents.ts';

export interface ReaperOptions {
  readonly publisher: Pick<UsagePublisher, 'publish'>;
  readonly graceMs: number;
  readonly maxOpenIntents: number;
  readonly now: () => number;
  readonly onReaped: (intents: number) => void;
}

const sweepMs = 10_000;
const maxAtOnce = 1_000;
const storeTimeoutMs = 10_000;

/**
 * Accounts for attempts that nobody else accounts for any more, by a usage event like any other. Only to be asked
 * when all of USAGE was read: the account may be further on in it.
 */
export const createReaper = ({ publisher, graceMs, maxOpenIntents, now, onReaped }: ReaperOptions) => {
  let sweptAt = now();
  return async (intents: OpenIntents): Promise<void> => {
    if (now() - sweptAt < Math.min(sweepMs, graceMs)) return;
    sweptAt = now();
    const finals = reapIntents(intents, { now: sweptAt, graceMs, maxOpenIntents, limit: maxAtOnce });
    if (finals.length === 0) return;
    const stored = Promise.all(finals.map((final) => publisher.publish(final, true)));
    await withDeadline(stored, storeTimeoutMs, 'accounts of abandoned attempts');
    onReaped(finals.length);
  };
};
