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

interface Measured {
  readonly text: string;
  /** Undefined: it was not measured. */
  readonly met: boolean | undefined;
}

interface Target {
  readonly label: string;
  /** `portkey` names the competitor to compare with. */
  readonly measure: (portkey: string) => Measured;
  /** False: Portkey does not come into it. */
  readonly isComparison: boolean;
}

const verdict = ({ met }: Measured): string => {
  if (met === undefined) return 'not measured';
  return met ? 'met' : '**missed**';
};

const atLeast = (value: number | undefined, least: number): boolean | undefined =>
  value === undefined ? undefined : value >= least;

/** What money may cost: throughput with everything on, against nothing on and against Portkey. */
const moneyTargets = (measurements: BenchMeasurements, suffix: string, label: string): Target[] => {
  const limits = `weir-limits${suffix}`;
  const { failed } = summarizeStep(measurements, limits, busy);
  // Who refuses is quick: then the rate says nothing.
  const failures = failed === 0 ? '' : `, ${formatNumber(failed)} failed`;
  const judge = (text: string, value: number | undefined, least: number): Measured => ({
    text: `${text}${failures}`,
    met: failed > 0 && value !== undefined ? false : atLeast(value, least),
  });
  return [
    {
      label: `with keys, limits, budgets on Redis and the ledger at least ${leastShare * 100} % of the requests per second without${label}`,
      measure: () => {
        const share = medianRatio(measurements, limits, `weir-open${suffix}`, busy);
        return judge(`${formatNumber(share === undefined ? undefined : share * 100)} %`, share, leastShare);
      },
      isComparison: false,
    },
    {
      label: `with all of that at least ${leastRatioWithLimits} times Portkey's requests per second without any of it${label}`,
      measure: (portkey) => {
        const ratio = medianRatio(measurements, limits, portkey, busy);
        return judge(`${formatNumber(ratio, 2)} ×`, ratio, leastRatioWithLimits);
      },
      isComparison: true,
    },
  ];
};

const speedTargets = (measurements: BenchMeasurements, name: string, label: string): Target[] => {
  const at = (competitor: string, connections: number) =>
    summarizeStep(measurements, competitor, { connections, stream: false });
  const added = (competitor: string) => subtract(at(competitor, 1).p50Micros, at('direct', 1).p50Micros);
  return [
    {
      label: `at least ${leastRatio} times Portkey's requests per second at 64 connections${label}`,
      measure: (portkey) => {
        const ratio = divide(at(name, 64).requestsPerSecond, at(portkey, 64).requestsPerSecond);
        return { text: `${formatNumber(ratio, 2)} ×`, met: atLeast(ratio, leastRatio) };
      },
      isComparison: true,
    },
    {
      label: `added p50 at 1 connection not above Portkey's${label}`,
      measure: (portkey) => {
        const [own, other] = [added(name), added(portkey)];
        const met = own === undefined || other === undefined ? undefined : own <= other;
        return { text: `${formatMs(own)} ms against ${formatMs(other)} ms`, met };
      },
      isComparison: true,
    },
  ];
};

const streamTarget = (measurements: BenchMeasurements): Target => ({
  label: `${streamsToSustain} paced streams without a stall`,
  measure: () => {
    const streams = summarizeStreams(measurements).find(
      (summary) => summary.competitor === 'weir' && summary.streams === streamsToSustain,
    );
    const text = `${formatNumber(streams?.completed)} complete, ${formatNumber(streams?.stalls)} stalls`;
    return { text, met: streams?.sustained };
  },
  isComparison: false,
});

/**
 * What Weir promises in comparison, and whether this run bears it out: against Portkey on the Node that all others run on,
 * and on the one that its own image has.
 */
export const renderTargets = (measurements: BenchMeasurements): string => {
  const targets = [
    ...speedTargets(measurements, 'weir', ''),
    streamTarget(measurements),
    ...moneyTargets(measurements, '', ''),
    ...speedTargets(measurements, 'weir-all-in-one', inOneProcess),
    ...moneyTargets(measurements, '-all-in-one', inOneProcess),
  ];
  return renderTable(
    ['Target', 'measured', '', 'with Node 20 under Portkey', ' '],
    targets.map(({ label, measure, isComparison }) => {
      const own = measure('portkey');
      const onNode20 = isComparison ? measure('portkey-node20') : undefined;
      return [label, own.text, verdict(own), onNode20?.text ?? '', onNode20 ? verdict(onNode20) : ''];
    }),
  );
};
