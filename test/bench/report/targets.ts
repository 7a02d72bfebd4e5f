import type { BenchMeasurements } from '../measurement.ts';
import { summarizeStreams } from './stream-tables.ts';
import { divide, medianRatio, subtract, summarizeStep } from './summarize-steps.ts';
import { formatMs, formatNumber, renderTable } from './table.ts';

const leastRatio = 2.5;
const streamsToSustain = 128;
const leastShare = 0.7;
const leastRatioWithLimits = 2;
const inOneProcess = ', the request path in one process';
const busy = { connections: 64, stream: false };

const verdict = (met: boolean | undefined): string => {
  if (met === undefined) return 'not measured';
  return met ? 'met' : '**missed**';
};

/** What money may cost: throughput with everything on, against nothing on and against Portkey. */
const moneyRows = (measurements: BenchMeasurements): string[][] => {
  const share = medianRatio(measurements, 'weir-limits', 'weir-open', busy);
  const ratio = medianRatio(measurements, 'weir-limits', 'portkey', busy);
  const { failed } = summarizeStep(measurements, 'weir-limits', busy);
  // Who refuses is quick: then the rate says nothing.
  const failures = failed === 0 ? '' : `, ${formatNumber(failed)} failed`;
  const reaches = (value: number | undefined, least: number): boolean | undefined =>
    value === undefined ? undefined : value >= least && failed === 0;
  return [
    [
      `with keys, limits, budgets on Redis and the ledger at least ${leastShare * 100} % of the requests per second without`,
      `${formatNumber(share === undefined ? undefined : share * 100)} %${failures}`,
      verdict(reaches(share, leastShare)),
    ],
    [
      `with all of that at least ${leastRatioWithLimits} times Portkey's requests per second without any of it`,
      `${formatNumber(ratio, 2)} ×${failures}`,
      verdict(reaches(ratio, leastRatioWithLimits)),
    ],
  ];
};

/** What Weir promises in comparison, and whether this run bears it out. */
export const renderTargets = (measurements: BenchMeasurements): string => {
  const at = (name: string, connections: number) =>
    summarizeStep(measurements, name, { connections, stream: false });
  const ratioOf = (name: string) =>
    divide(at(name, 64).requestsPerSecond, at('portkey', 64).requestsPerSecond);
  const added = (name: string) => subtract(at(name, 1).p50Micros, at('direct', 1).p50Micros);
  const portkeyAdds = added('portkey');
  const ratioRow = (name: string, label: string): string[] => {
    const ratio = ratioOf(name);
    return [
      `at least ${leastRatio} times Portkey's requests per second at 64 connections${label}`,
      `${formatNumber(ratio, 2)} ×`,
      verdict(ratio === undefined ? undefined : ratio >= leastRatio),
    ];
  };
  const addedRow = (name: string, label: string): string[] => {
    const adds = added(name);
    return [
      `added p50 at 1 connection not above Portkey's${label}`,
      `${formatMs(adds)} ms against ${formatMs(portkeyAdds)} ms`,
      verdict(adds === undefined || portkeyAdds === undefined ? undefined : adds <= portkeyAdds),
    ];
  };
  const streams = summarizeStreams(measurements).find(
    (summary) => summary.competitor === 'weir' && summary.streams === streamsToSustain,
  );
  return renderTable(
    ['Target', 'measured', ''],
    [
      ratioRow('weir', ''),
      addedRow('weir', ''),
      [
        `${streamsToSustain} paced streams without a stall`,
        `${formatNumber(streams?.completed)} complete, ${formatNumber(streams?.stalls)} stalls`,
        verdict(streams?.sustained),
      ],
      ...moneyRows(measurements),
      ratioRow('weir-all-in-one', inOneProcess),
      addedRow('weir-all-in-one', inOneProcess),
    ],
  );
};
