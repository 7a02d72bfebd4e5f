import { type RatedUsage, toRatedEvent } from '@weir/contracts';
import type { LedgerRecord } from '../stores/usage-database.ts';

/** What an account of an attempt says. */
export interface Revision {
  readonly attempt: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly chargeNano: number;
  readonly model: 'a' | 'b';
  readonly quality: RatedUsage['quality'];
}

const startedAt = Date.parse('2026-11-20T10:07:00Z');

/** Records as metering writes them: each with the difference to the one before it of the same attempt. */
export const toRecords = (revisions: readonly Revision[]): LedgerRecord[] => {
  const before = new Map<number, Revision & { readonly revision: number }>();
  return revisions.map((one, index) => {
    const previous = before.get(one.attempt);
    const revision = previous === undefined ? 0 : previous.revision + 1;
    before.set(one.attempt, { ...one, revision });
    const data: RatedUsage = {
      requestId: `request-${one.attempt % 3}`,
      attempt: one.attempt,
      run: 'run',
      org: 'acme',
      team: 'web',
      key: 'k1',
      route: 'chat',
      api: 'openai.chat',
      upstream: 'sim',
      target: 't0',
      provider: 'openai',
      modelRequested: one.model,
      startedAt: startedAt + one.attempt * 1_000_000,
      deadline: startedAt,
      stream: false,
      revision,
      quality: one.quality,
      outcome: 'completed',
      usage: { inputTotal: one.inputTokens, outputTotal: one.outputTokens, cacheRead: one.inputTokens },
      totalMs: 1,
      deliveredBytes: 1,
      ratingNumber: 0,
      rating: {
        status: 'rated',
        amountNano: String(2 * one.chargeNano),
        chargeNano: String(one.chargeNano),
        currency: 'USD',
      },
      delta: {
        amountNano: String(2 * (one.chargeNano - (previous?.chargeNano ?? 0))),
        chargeNano: String(one.chargeNano - (previous?.chargeNano ?? 0)),
        inputTokens: one.inputTokens - (previous?.inputTokens ?? 0),
        outputTokens: one.outputTokens - (previous?.outputTokens ?? 0),
        requests: previous === undefined ? 1 : 0,
      },
      source: { sequence: index + 1, part: 0 },
    };
    return { sequence: index * 2 + 1, event: toRatedEvent('/test', data) };
  });
};
