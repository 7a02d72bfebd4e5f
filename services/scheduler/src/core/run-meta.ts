import type { Attempt, EnvelopeMeta } from '@weir/contracts';
import type { PlannedAttempt } from './plan-attempt.ts';

const variantHeader = 'x-weir-variant';

/** A request that comes back for another attempt may go to another variant. */
const answerHeadersWith = (
  { answerHeaders = [] }: EnvelopeMeta,
  variant: string | undefined,
): Pick<EnvelopeMeta, 'answerHeaders'> => {
  const others = answerHeaders.filter(([name]) => name !== variantHeader);
  if (variant !== undefined) return { answerHeaders: [...others, [variantHeader, variant]] };
  return others.length === answerHeaders.length ? {} : { answerHeaders: others };
};

/** What travels to the adapter: the request with the attempt that it is to make. */
export const toRunMeta = (
  meta: EnvelopeMeta,
  planned: PlannedAttempt,
  origin: Pick<Attempt, 'scheduler' | 'dispatch'>,
  trace: string | undefined,
): EnvelopeMeta => {
  const { instance: _instance, lastFailure, busy, variant, ...rest } = planned;
  const past = meta.attempt?.past;
  const attempt: Attempt = {
    ...rest,
    ...origin,
    ...(lastFailure === undefined ? {} : { lastFailure }),
    ...(busy === undefined ? {} : { busy }),
    ...(past === undefined ? {} : { past }),
  };
  return { ...meta, ...answerHeadersWith(meta, variant), attempt, ...(trace === undefined ? {} : { trace }) };
};
