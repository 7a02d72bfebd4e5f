import { type AttemptStarted, type FinalEvent, type StartedEvent, toFinalEvent } from '@weir/contracts';
import { isTokenCount } from '@weir/ledger';
import type { OpenIntents } from './open-intents.ts';

export interface ReapOptions {
  readonly now: number;
  /** After its deadline an account may still be on its way for this long. */
  readonly graceMs: number;
  /** Most intents that may be open. The oldest of those above it are not waited for. */
  readonly maxOpenIntents: number;
  /** Most accounts at a time. */
  readonly limit: number;
}

/** What is known of the use without an account: what went in was estimated, and nobody saw what came out. */
const usageOf = ({ estimatedInput }: AttemptStarted) =>
  isTokenCount(estimatedInput)
    ? ({ usage: { inputText: estimatedInput, inputTotal: estimatedInput }, quality: 'estimated' } as const)
    : ({ usage: {}, quality: 'unknown' } as const);

/** The same for the same intent, whoever writes it and when: written twice it counts once. */
export const toUnknownFinal = ({ source, data, traceparent }: StartedEvent): FinalEvent =>
  toFinalEvent(
    source,
    {
      ...data,
      ...usageOf(data),
      revision: 0,
      outcome: 'unknown',
      totalMs: Math.max(0, data.deadline - data.startedAt),
      deliveredBytes: 0,
    },
    traceparent,
  );

/** Accounts of attempts whose adapters are gone. Revision 0: whatever else is told of them goes before it. */
export const reapIntents = (intents: OpenIntents, options: ReapOptions): readonly FinalEvent[] => {
  const reaped: FinalEvent[] = [];
  const surplus = intents.size - options.maxOpenIntents;
  let position = 0;
  for (const { event } of intents.values()) {
    if (reaped.length >= options.limit) break;
    const overdue = event.data.deadline + options.graceMs < options.now;
    if (overdue || position < surplus) reaped.push(toUnknownFinal(event));
    position += 1;
  }
  return reaped;
};
