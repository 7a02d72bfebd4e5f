import type {
  BucketState,
  BudgetState,
  LimitStates,
  Refusal,
  ReserveOutcome,
  SettleOutcome,
} from '../core/limit-store.ts';

/** What a script returns: nested arrays of texts and integers. */
export type RedisReply = string | number | null | readonly RedisReply[];

const listOf = (reply: RedisReply | undefined): readonly RedisReply[] => {
  if (typeof reply === 'object' && reply !== null) return reply;
  throw new TypeError(`the limit store's script returned ${JSON.stringify(reply)} where a list was due`);
};

const refusalOf = (reply: RedisReply | undefined): Refusal => {
  const [by, index] = listOf(reply);
  return { by: by as Refusal['by'], index: Number(index) };
};

const bucketOf = (reply: RedisReply): BucketState => {
  const [remaining, resetMs] = listOf(reply);
  return { remaining: Number(remaining), resetMs: Number(resetMs) };
};

const budgetOf = (reply: RedisReply): BudgetState => {
  const [spent, held, limit] = listOf(reply);
  return { spent: BigInt(String(spent)), held: BigInt(String(held)), limit: BigInt(String(limit)) };
};

const statesOf = ([buckets, slots, budgets]: readonly RedisReply[]): LimitStates => ({
  buckets: listOf(buckets).map(bucketOf),
  slots: listOf(slots).map((used) => ({ used: Number(used) })),
  budgets: listOf(budgets).map(budgetOf),
});

export const readReserveReply = (reply: RedisReply): ReserveOutcome => {
  const [outcome, first, second, ...states] = listOf(reply);
  if (outcome === 'uninitialised') return { outcome };
  if (outcome === 'too_large') return { outcome, index: Number(first) };
  if (outcome === 'denied') {
    const retryAfterMs = Number(second);
    return {
      outcome,
      refusal: refusalOf(first),
      ...(retryAfterMs < 0 ? {} : { retryAfterMs }),
      ...statesOf(states),
    };
  }
  if (first === 1) {
    const cap = second === '' ? {} : { outputCap: Number(second) };
    return { outcome: 'reserved', again: true, ...cap, wouldDeny: [], ...statesOf(states) };
  }
  const wouldDeny = listOf(second).map(refusalOf);
  return { outcome: 'reserved', again: false, wouldDeny, ...statesOf(states) };
};

export const readSettleReply = (reply: RedisReply): SettleOutcome => {
  const [outcome, detail] = listOf(reply);
  if (outcome === 'uninitialised') return { outcome };
  if (outcome === 'foreign') return { outcome, epoch: String(detail) };
  return { outcome: outcome === 'applied' ? 'applied' : 'behind', watermark: Number(detail) };
};
