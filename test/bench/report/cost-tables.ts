import { type BenchMeasurements, median } from '../measurement.ts';
import { isCommonRole } from '../process/process-stats.ts';
import { medianRatio, ownCpuPerRequestMs, summarizeStep } from './summarize-steps.ts';
import { formatNumber, renderTable } from './table.ts';

const busy = { connections: 64, stream: false };

const percent = (ratio: number | undefined): string =>
  formatNumber(ratio === undefined ? undefined : ratio * 100, 0);

const formatSettle = (settleMs: number | undefined): string => {
  if (settleMs === undefined) return '';
  return Number.isFinite(settleMs) ? formatNumber(settleMs) : 'over 30,000';
};

/** The gateways that do work for a request, from the least to the most. */
const gatewaysOf = ({ competitors }: BenchMeasurements): readonly string[] =>
  competitors.filter((name) => name.startsWith('weir') || name.startsWith('portkey'));

/** What keys, limits, budgets and the ledger take off the throughput, in one table. */
export const renderCostOfMoney = (measurements: BenchMeasurements): string =>
  renderTable(
    [
      '64 connections',
      'requests/s',
      '% of weir-open',
      '% of weir',
      'over Portkey',
      'own CPU ms per request',
      'ledger complete after, ms',
      'failed',
    ],
    gatewaysOf(measurements).map((name) => {
      const summary = summarizeStep(measurements, name, busy);
      return [
        name,
        formatNumber(summary.requestsPerSecond),
        percent(medianRatio(measurements, name, 'weir-open', busy)),
        percent(medianRatio(measurements, name, 'weir', busy)),
        `${formatNumber(medianRatio(measurements, name, 'portkey', busy), 2)} ×`,
        formatNumber(ownCpuPerRequestMs(summary), 3),
        formatSettle(summary.settleMs),
        formatNumber(summary.failed),
      ];
    }),
  );

/** Where each of them spends its CPU time: one row for each process of a mesh. */
export const renderCostByProcess = (measurements: BenchMeasurements): string => {
  const names = gatewaysOf(measurements).filter((name) => name.startsWith('weir'));
  const summaries = names.map((name) => summarizeStep(measurements, name, busy));
  const roles = [...new Set(summaries.flatMap(({ cpuPerRequestMs }) => [...cpuPerRequestMs.keys()]))];
  return renderTable(
    ['CPU ms per request, 64 connections', ...names],
    roles
      .filter((role) => !isCommonRole(role))
      .map((role) => [
        role,
        ...summaries.map(({ cpuPerRequestMs }) =>
          // A process that it does not have costs nothing, and that is known.
          cpuPerRequestMs.has(role) ? formatNumber(cpuPerRequestMs.get(role), 3) : '',
        ),
      ]),
  );
};

/** How far single rounds were from each other: what differs less than that says nothing. */
export const renderSpread = (measurements: BenchMeasurements): string =>
  renderTable(
    ['requests/s at 64, by round', 'least', 'median', 'most'],
    gatewaysOf(measurements).map((name) => {
      const rates = measurements.steps
        .filter((step) => step.competitor === name && step.connections === busy.connections && !step.stream)
        .map(({ result }) => result.requestsPerSecond);
      return [
        name,
        formatNumber(Math.min(...rates)),
        formatNumber(median(rates)),
        formatNumber(Math.max(...rates)),
      ];
    }),
  );
