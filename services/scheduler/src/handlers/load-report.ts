import { type LoadReport, partsOfLoad } from '@weir/contracts';
import type { BusMessage } from '@weir/messaging';
import type { PoolView } from '../core/pool-view.ts';
import type { SchedulerMetrics } from '../scheduler-metrics.ts';

export interface LoadReportDependencies {
  readonly pools: Pick<PoolView, 'apply'>;
  readonly metrics: Pick<SchedulerMetrics, 'countBadReport'>;
  readonly now: () => number;
  /** Called after each report that was taken over. */
  readonly onReport: (report: LoadReport) => void;
}

const decoder = new TextDecoder();

const isReport = (value: unknown): value is LoadReport => {
  if (typeof value !== 'object' || value === null) return false;
  const report = value as Partial<LoadReport>;
  return (
    report.v === 1 &&
    typeof report.pool === 'string' &&
    typeof report.instance === 'string' &&
    typeof report.epoch === 'number' &&
    typeof report.sequence === 'number' &&
    Array.isArray(report.targets) &&
    typeof report.watermarks === 'object' &&
    report.watermarks !== null
  );
};

const readReport = (data: Uint8Array): LoadReport | undefined => {
  try {
    const value: unknown = JSON.parse(decoder.decode(data));
    return isReport(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

/** `weir.v1.load.<pool>.<instance>`: what an adapter says of its load. */
export const createLoadReport =
  ({ pools, metrics, now, onReport }: LoadReportDependencies) =>
  ({ subject, data }: Pick<BusMessage, 'subject' | 'data'>): void => {
    const report = readReport(data);
    const { pool, instance } = partsOfLoad(subject);
    // The server checks who may publish on a subject, so the subject is what is believed.
    if (report?.pool !== pool || report.instance !== instance) return metrics.countBadReport();
    if (pools.apply(report, now())) onReport(report);
  };
