import { lastToken, type OutcomeCounts, type OutcomeReport } from '@weir/contracts';
import type { BusMessage } from '@weir/messaging';
import type { CanaryBoard } from '../core/canary/canary-board.ts';

export interface OutcomeReportDependencies {
  readonly board: Pick<CanaryBoard, 'hear'>;
  readonly onUnreadable: (subject: string) => void;
  readonly now: () => number;
}

const decoder = new TextDecoder();

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

const isCounts = (value: unknown): value is OutcomeCounts => {
  if (typeof value !== 'object' || value === null) return false;
  const { route, revision, answers, failures, firstBytes, slow } = value as Partial<OutcomeCounts>;
  const areNames = typeof route === 'string' && typeof revision === 'string';
  return areNames && isCount(answers) && isCount(failures) && isCount(firstBytes) && isCount(slow);
};

const readReport = (data: Uint8Array): OutcomeReport | undefined => {
  try {
    const value: Partial<OutcomeReport> | null = JSON.parse(decoder.decode(data));
    const isWhole =
      value?.v === 1 &&
      isCount(value.epoch) &&
      Array.isArray(value.counts) &&
      value.counts.every((counts) => isCounts(counts));
    return isWhole ? (value as OutcomeReport) : undefined;
  } catch {
    return undefined;
  }
};

/** `weir.v1.outcomes.<instance>`: how attempts at canaries went, as an adapter has counted. */
export const createOutcomeReport =
  ({ board, onUnreadable, now }: OutcomeReportDependencies) =>
  ({ subject, data }: Pick<BusMessage, 'subject' | 'data'>): void => {
    const report = readReport(data);
    // The server checks who may publish on a subject, so the subject is what is believed.
    if (report === undefined || report.instance !== lastToken(subject)) return onUnreadable(subject);
    board.hear(report, now());
  };
