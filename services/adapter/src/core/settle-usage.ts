import type { Usage, UsageQuality } from '@weir/contracts';
import { estimateFromChars } from '@weir/tokens';
import { type FittedUsage, fitLanes, saysInput } from './fit-lanes.ts';
import type { TapReport } from './response-tap.ts';

export interface SettledUsage {
  readonly usage: Usage;
  readonly quality: UsageQuality;
  /** 0 for what is estimated, 1 for what the provider reported. */
  readonly revision: 0 | 1;
}

export interface Settlement extends SettledUsage {
  /** What of the report contradicted itself. */
  readonly anomalies: FittedUsage['anomalies'];
}

const nothingOdd = { anomalies: [] } as const;

/** An input of which nobody reported anything was there all the same. */
const withInput = (usage: Usage, estimated: number | undefined): Usage =>
  saysInput(usage) || estimated === undefined
    ? usage
    : { ...usage, inputText: estimated, inputTotal: estimated };

/** An event has a token or more, and how many tells its length; but no more than the provider was told to stop at. */
const seenOutputOf = ({ contentEvents, contentChars }: TapReport, outputCap: number | undefined): number =>
  Math.max(contentEvents, Math.min(estimateFromChars(contentChars), outputCap ?? Number.POSITIVE_INFINITY));

/** What was seen of the output is a floor. The lanes that are known keep their share, so the sum stays right. */
const withFloor = (usage: Usage, seenOutput: number): Usage => {
  if (usage.outputTotal === undefined && seenOutput === 0) return usage;
  const outputTotal = Math.max(usage.outputTotal ?? 0, seenOutput);
  const others = (usage.outputReasoning ?? 0) + (usage.outputAudio ?? 0);
  return { ...usage, outputText: Math.max(0, outputTotal - others), outputTotal };
};

/**
 * What an attempt used, as well as it can be known. The provider's last word wins, whoever went away meanwhile;
 * of an answer that was cut, at least what was seen counts. Where nothing was served, nothing is known.
 */
export const settleUsage = (input: {
  readonly report: TapReport;
  /** The upstream answered with success, or may have been about to when its client left. */
  readonly served: boolean;
  readonly estimatedInput: number | undefined;
  /** Most output tokens of all answers together. Undefined: the request named no cap. */
  readonly outputCap: number | undefined;
  /** The API runs a model. */
  readonly usesTokens: boolean;
}): Settlement => {
  const { report, served, estimatedInput, outputCap, usesTokens } = input;
  // What its answer counts is not used, and no provider bills it.
  if (!usesTokens && served)
    return { usage: { inputText: 0, inputTotal: 0 }, quality: 'reported', revision: 1, ...nothingOdd };
  const seenOutput = seenOutputOf(report, outputCap);
  if (report.usage) {
    // A zero is a word, too. One that passes over what there was is not the last.
    const { usage: reported, anomalies } = fitLanes(report.usage);
    const usage = withInput(reported, estimatedInput);
    const isWhole = usage === reported && (usage.outputTotal !== undefined || seenOutput === 0);
    if (report.final && isWhole) return { usage, quality: 'reported', revision: 1, anomalies };
    return { usage: withFloor(usage, seenOutput), quality: 'partial', revision: 0, anomalies };
  }
  if (!served) return { usage: {}, quality: 'unknown', revision: 0, ...nothingOdd };
  const usage = {
    ...(estimatedInput === undefined ? {} : { inputText: estimatedInput, inputTotal: estimatedInput }),
    ...(seenOutput === 0 ? {} : { outputText: seenOutput, outputTotal: seenOutput }),
  };
  return { usage, quality: 'estimated', revision: 0, ...nothingOdd };
};
