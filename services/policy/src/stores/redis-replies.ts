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

/** Of a counter that Redis never heard of, nothing. */
export const amountOf = (reply: RedisReply | undefined): bigint => BigInt(String(reply ?? 0));

/** Lists of lists cost Redis more: it returns the members of all of them in a row. */
const bucketsOf = (members: readonly RedisReply[]): BucketState[] =>
  Array.from({ length: members.length / 2 }, (_, index) => ({
    remaining: Number(members[2 * index]),
    resetMs: Number(members[2 * index + 1]),
  }));

const budgetsOf = (members: readonly RedisReply[]): BudgetState[] =>
  Array.from({ length: members.length / 3 }, (_, index) => ({
    spent: amountOf(members[3 * index]),
    held: amountOf(members[3 * index + 1]),
    limit: amountOf(members[3 * index + 2]),
  }));

const statesOf = ([buckets, slots, budgets]: readonly RedisReply[]): LimitStates => ({
  buckets: bucketsOf(listOf(buckets)),
  slots: listOf(slots).map((used) => ({ used: Number(used) })),
  budgets: budgetsOf(listOf(budgets)),
});

const readReserveReply = (reply: RedisReply): ReserveOutcome => {
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
    const [cap, isFallback] = listOf(second);
    const kept = {
      ...(cap === '' ? {} : { outputCap: Number(cap) }),
      ...(isFallback === 1 ? { fallback: true } : {}),
    };
    return { outcome: 'reserved', again: true, ...kept, wouldDeny: [], ...statesOf(states) };
  }
  const wouldDeny = listOf(second).map(refusalOf);
  return { outcome: 'reserved', again: false, wouldDeny, ...statesOf(states) };
};

/** One for each reservation. */
export const readReserveReplies = (reply: RedisReply): ReserveOutcome[] =>
  listOf(reply).map(readReserveReply);

export const readSettleReply = (reply: RedisReply): SettleOutcome => {
  const [outcome, detail] = listOf(reply);
  if (outcome === 'uninitialised') return { outcome };
  if (outcome === 'foreign') return { outcome, epoch: String(detail) };
  return { outcome: outcome === 'applied' ? 'applied' : 'behind', watermark: Number(detail) };
};
