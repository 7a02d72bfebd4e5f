import type { BenchMeasurements } from '../measurement.ts';
import { isCommonRole } from '../process/process-stats.ts';
import { divide, ownCpuPerRequestMs, subtract, summarizeStep } from './summarize-steps.ts';
import { formatMs, formatNumber, renderTable } from './table.ts';

const plain = (connections: number) => ({ connections, stream: false });
const oneStream = { connections: 1, stream: true };
const manyStreams = { connections: 16, stream: true };

export const renderThroughput = (measurements: BenchMeasurements): string => {
  const rateOf = (name: string, load: { connections: number; stream: boolean }): number | undefined =>
    summarizeStep(measurements, name, load).requestsPerSecond;
  const loads = [plain(1), plain(16), plain(64), manyStreams];
  return renderTable(
    ['requests/s', '1 connection', '16', '64', '64, over Portkey', '16, streamed', 'failed'],
    measurements.competitors.map((name) => {
      const [one, sixteen, sixtyFour, streamed] = loads.map((load) => rateOf(name, load));
      const failed = [...loads, oneStream].reduce(
        (sum, load) => sum + summarizeStep(measurements, name, load).failed,
        0,
      );
      const ratio = divide(sixtyFour, rateOf('portkey', plain(64)));
      return [
        name,
        formatNumber(one),
        formatNumber(sixteen),
        formatNumber(sixtyFour),
        `${formatNumber(ratio, 2)} ×`,
        formatNumber(streamed),
        formatNumber(failed),
      ];
    }),
  );
};

export const renderLatency = (measurements: BenchMeasurements): string => {
  const direct = summarizeStep(measurements, 'direct', plain(1));
  return renderTable(
    [
      'ms',
      'p50 at 1',
      'p99 at 1',
      'added p50',
      'added p99',
      'p50 at 16',
      'p99 at 16',
      'p50 at 64',
      'p99 at 64',
    ],
    measurements.competitors.map((name) => {
      const [one, ...more] = [1, 16, 64].map((connections) =>
        summarizeStep(measurements, name, plain(connections)),
      );
      return [
        name,
        formatMs(one?.p50Micros),
        formatMs(one?.p99Micros),
        formatMs(subtract(one?.p50Micros, direct.p50Micros)),
        formatMs(subtract(one?.p99Micros, direct.p99Micros)),
        ...more.flatMap(({ p50Micros, p99Micros }) => [formatMs(p50Micros), formatMs(p99Micros)]),
      ];
    }),
  );
};

export const renderFirstToken = (measurements: BenchMeasurements): string => {
  const direct = summarizeStep(measurements, 'direct', oneStream);
  return renderTable(
    ['ms', 'p50 at 1', 'p99 at 1', 'added p50', 'added p99', 'p50 at 16', 'p99 at 16'],
    measurements.competitors.map((name) => {
      const one = summarizeStep(measurements, name, oneStream);
      const many = summarizeStep(measurements, name, manyStreams);
      return [
        name,
        formatMs(one.firstTokenP50Micros),
        formatMs(one.firstTokenP99Micros),
        formatMs(subtract(one.firstTokenP50Micros, direct.firstTokenP50Micros)),
        formatMs(subtract(one.firstTokenP99Micros, direct.firstTokenP99Micros)),
        formatMs(many.firstTokenP50Micros),
        formatMs(many.firstTokenP99Micros),
      ];
    }),
  );
};

export const renderCpu = (measurements: BenchMeasurements): string => {
  const loads = [plain(1), plain(64), manyStreams];
  const rows = measurements.competitors.flatMap((name) => {
    const summaries = loads.map((load) => summarizeStep(measurements, name, load));
    const cpus = summaries.map(({ cpuPerRequestMs }) => cpuPerRequestMs);
    const roles = [...(cpus[0]?.keys() ?? [])];
    const parts = roles.map((role) => [
      `${name}: ${role}`,
      ...cpus.map((cpu) => formatNumber(cpu.get(role), 3)),
    ]);
    if (roles.filter((role) => !isCommonRole(role)).length < 2) return parts;
    const sums = summaries.map((summary) => formatNumber(ownCpuPerRequestMs(summary), 3));
    return [...parts, [`**${name}: all of its own**`, ...sums]];
  });
  return renderTable(['CPU ms per request', '1 connection', '64', '16, streamed'], rows);
};
