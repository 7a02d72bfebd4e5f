import type { AttemptOutcome, Usage, UsageQuality } from '@weir/contracts';
import type { TapReport } from './response-tap.ts';

export interface SettledUsage {
  readonly usage: Usage;
  readonly quality: UsageQuality;
  /** 0 for what is estimated, 1 for what the provider reported. */
  readonly revision: 0 | 1;
}

const max = (reported: number | undefined, seen: number): number => Math.max(reported ?? 0, seen);

/**
 * What an attempt used, as well as it can be known. The provider's own number wins when the answer was whole;
 * of an answer that was cut, at least what was seen counts. Where nothing was answered, nothing is known.
 */
export const settleUsage = (input: {
  readonly report: TapReport;
  readonly outcome: AttemptOutcome;
  /** The upstream answered with success. */
  readonly answered: boolean;
  readonly estimatedInput: number | undefined;
}): SettledUsage => {
  const { report, outcome, answered, estimatedInput } = input;
  if (report.usage && outcome === 'completed')
    return { usage: report.usage, quality: 'reported', revision: 1 };
  if (report.usage) {
    const outputTotal = max(report.usage.outputTotal, report.contentEvents);
    return {
      usage: { ...report.usage, outputText: outputTotal, outputTotal },
      quality: 'partial',
      revision: 0,
    };
  }
  if (!answered) return { usage: {}, quality: 'unknown', revision: 0 };
  const usage = {
    ...(estimatedInput === undefined ? {} : { inputText: estimatedInput, inputTotal: estimatedInput }),
    ...(report.contentEvents === 0
      ? {}
      : { outputText: report.contentEvents, outputTotal: report.contentEvents }),
  };
  return { usage, quality: 'estimated', revision: 0 };
};
