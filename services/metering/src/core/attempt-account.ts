import type { AttemptFinal, RatedDelta, RatedUsage, Rating } from '@weir/contracts';
import { countTokens } from '@weir/ledger';

/** What the ledger says of an attempt, as of its highest revision. */
export interface AttemptAccount {
  readonly revision: number;
  readonly startedAt: number;
  readonly amountNano: bigint;
  readonly chargeNano: bigint;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly requests: number;
  /** Tells two accounts of one revision apart that do not say the same. */
  readonly mark: number;
}

const usageLanes = [
  'inputText',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'inputAudio',
  'inputImage',
  'outputText',
  'outputReasoning',
  'outputAudio',
  'inputTotal',
  'outputTotal',
] as const;

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
const hashText = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
};

/** The same for two accounts that say the same. */
export const markOf = (final: AttemptFinal): number => {
  const { usage, quality, outcome, modelServed, serviceTier, totalMs } = final;
  const lanes = usageLanes.map((lane) => usage[lane]).join(',');
  return hashText([quality, outcome, modelServed, serviceTier, totalMs, lanes].join('|'));
};

export const toAccount = (final: AttemptFinal, rating: Rating): AttemptAccount => {
  const { input, output } = countTokens(final.usage);
  return {
    revision: final.revision,
    startedAt: final.startedAt,
    amountNano: BigInt(rating.amountNano),
    chargeNano: BigInt(rating.chargeNano),
    // What nobody knows adds nothing; that it is not known stands in the record.
    inputTokens: input ?? 0,
    outputTokens: output ?? 0,
    requests: final.handedBack === true ? 0 : 1,
    mark: markOf(final),
  };
};

export const accountOf = (record: RatedUsage): AttemptAccount => toAccount(record, record.rating);

/** The difference of two accounts of one attempt: whoever adds up all of them has the last account. */
export const toDelta = (after: AttemptAccount, before: AttemptAccount | undefined): RatedDelta => ({
  amountNano: String(after.amountNano - (before?.amountNano ?? 0n)),
  chargeNano: String(after.chargeNano - (before?.chargeNano ?? 0n)),
  inputTokens: after.inputTokens - (before?.inputTokens ?? 0),
  outputTokens: after.outputTokens - (before?.outputTokens ?? 0),
  requests: after.requests - (before?.requests ?? 0),
  ...(before === undefined ? {} : { previousRevision: before.revision }),
});
