import { type BenchMeasurements, median, type StreamMeasurement } from '../measurement.ts';
import { isCommonRole } from '../process/process-stats.ts';
import { formatMiB, formatMs, formatNumber, renderTable, unknown } from './table.ts';

export interface StreamSummary {
  readonly competitor: string;
  readonly streams: number;
  /** The fewest of any round. */
  readonly completed: number;
  /** Over all rounds. */
  readonly stalls: number;
  readonly sustained: boolean;
  readonly rounds: readonly StreamMeasurement[];
}

export const summarizeStreams = (measurements: BenchMeasurements): StreamSummary[] => {
  const counts = [...new Set(measurements.streams.map(({ result }) => result.streams))];
  return counts.flatMap((streams) =>
    measurements.competitors.flatMap((competitor) => {
      const rounds = measurements.streams.filter(
        (measurement) => measurement.competitor === competitor && measurement.result.streams === streams,
      );
      if (rounds.length === 0) return [];
      const completed = Math.min(...rounds.map(({ result }) => result.completed));
      const stalls = rounds.reduce((sum, { result }) => sum + result.stalls, 0);
      const sustained = completed === streams && stalls === 0;
      return [{ competitor, streams, completed, stalls, sustained, rounds }];
    }),
  );
};

const ownCoreShare = ({ coreShare }: StreamMeasurement): number | undefined => {
  const own = [...coreShare].filter(([role]) => !isCommonRole(role));
  return own.reduce<number | undefined>(
    (sum, [, value]) => (sum === undefined || value === undefined ? undefined : sum + value),
    0,
  );
};

export const renderStreams = (measurements: BenchMeasurements): string =>
  renderTable(
    [
      'streams',
      'complete',
      'stalls',
      'first token p50, ms',
      'token delay p50, ms',
      'token delay p99, ms',
      'longest, ms',
      'cores',
    ],
    summarizeStreams(measurements).map(({ competitor, streams, completed, stalls, rounds }) => [
      `${competitor}: ${streams}`,
      formatNumber(completed),
      formatNumber(stalls),
      formatMs(median(rounds.map(({ result }) => result.firstToken.p50Micros))),
      formatMs(median(rounds.map(({ result }) => result.tokenDelay.p50Micros))),
      formatMs(median(rounds.map(({ result }) => result.tokenDelay.p99Micros))),
      formatMs(median(rounds.map(({ result }) => result.tokenDelay.maxMicros))),
      formatNumber(median(rounds.map(ownCoreShare)), 2),
    ]),
  );

export const renderMemory = (measurements: BenchMeasurements): string =>
  renderTable(
    ['resident memory, MiB', 'before', 'after', 'growth'],
    measurements.memory.map(({ competitor, role, beforeBytes, afterBytes }) => [
      competitor === role ? role : `${competitor}: ${role}`,
      formatMiB(beforeBytes),
      formatMiB(afterBytes),
      beforeBytes === undefined || afterBytes === undefined ? unknown : formatMiB(afterBytes - beforeBytes),
    ]),
  );
