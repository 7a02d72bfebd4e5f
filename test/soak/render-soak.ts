import { describeMachine } from '../bench/report/machine.ts';
import { formatMiB, formatNumber, renderTable } from '../bench/report/table.ts';
import { type GrowthVerdict, judgeGrowth } from './judge-growth.ts';
import type { SoakOptions } from './options.ts';
import type { SoakResult, SoakSample } from './soak-result.ts';

/** What holds state for each key, and could hold on to it. */
const judgedServices = ['policy', 'metering'] as const;

type Reader = (sample: SoakSample) => number | undefined;

interface Series {
  readonly name: string;
  readonly judged: boolean;
  readonly read: Reader;
}

const seriesOf = ({ samples }: SoakResult): Series[] => {
  const services = [...(samples[0]?.services.keys() ?? [])];
  const servers = [...(samples[0]?.servers.keys() ?? [])];
  const isJudged = (name: string): boolean => judgedServices.some((judged) => judged === name);
  const ours = services.flatMap((name): Series[] => [
    {
      name: `${name}: resident`,
      judged: isJudged(name),
      read: (sample) => sample.services.get(name)?.rssBytes,
    },
    { name: `${name}: heap`, judged: isJudged(name), read: (sample) => sample.services.get(name)?.heapBytes },
    {
      name: `${name}: outside the heap`,
      judged: false,
      read: (sample) => sample.services.get(name)?.externalBytes,
    },
  ]);
  const theirs = servers.map(
    (name): Series => ({
      name: `${name}: resident`,
      judged: false,
      read: (sample) => sample.servers.get(name),
    }),
  );
  return [...ours, ...theirs];
};

/** The first sample is from before the load. */
const judge = ({ samples }: SoakResult, read: Reader): GrowthVerdict =>
  judgeGrowth(samples.slice(1).flatMap((sample) => read(sample) ?? []));

const verdictCells = (verdict: GrowthVerdict, judged: boolean): string[] => {
  if (verdict.outcome === 'too_few_samples') return ['', '', '', judged ? 'too few samples' : ''];
  const growth = `${formatNumber(verdict.growth * 100, 1)} %`;
  const word = verdict.outcome === 'flat' ? 'flat' : '**grows**';
  return [formatMiB(verdict.middle), formatMiB(verdict.last), growth, judged ? word : ''];
};

const renderGrowth = (result: SoakResult): string =>
  renderTable(
    ['MiB, medians', 'before', 'middle third', 'last third', 'growth', ''],
    seriesOf(result).map(({ name, judged, read }) => {
      const [first] = result.samples;
      const before = first === undefined ? undefined : read(first);
      return [name, formatMiB(before), ...verdictCells(judge(result, read), judged)];
    }),
  );

const renderSamples = (result: SoakResult): string => {
  const judged = seriesOf(result).filter((series) => series.judged);
  return renderTable(
    ['requests', 'requests/s', ...judged.map(({ name }) => `${name}, MiB`)],
    result.samples.map((sample) => [
      formatNumber(sample.requests),
      sample.requestsPerSecond === undefined ? '' : formatNumber(sample.requestsPerSecond),
      ...judged.map(({ read }) => formatMiB(read(sample))),
    ]),
  );
};

/** Why a soak did not show that memory is flat; empty where it did. */
export const findProblems = (result: SoakResult): string[] => {
  const growth = seriesOf(result)
    .filter(({ judged }) => judged)
    .flatMap(({ name, read }) => {
      const { outcome } = judge(result, read);
      return outcome === 'flat' ? [] : [`${name}: ${outcome === 'grows' ? 'grows' : 'too few samples'}`];
    });
  const failed = [...result.failed].map(([status, count]) => `${count} requests ended with status ${status}`);
  const unrated =
    result.rated === result.answered
      ? []
      : [`${result.answered} requests were answered, ${formatNumber(result.rated)} are in the ledger`];
  return [...growth, ...failed, ...unrated];
};

export const renderSoak = (result: SoakResult, options: SoakOptions): string => {
  const machine = describeMachine();
  const problems = findProblems(result);
  return `${[
    '# Soak',
    [
      `* \`npm run soak\`, ${options.date}: ${formatNumber(result.answered)} requests with ${formatNumber(options.keys)} keys, each with a rate limit and a budget; limits on Redis, the ledger on.`,
      `* ${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.nodeVersion}; ${options.connections} connections.`,
      `* ${formatNumber(result.rated)} attempts in the ledger.`,
      `* Sampled each ${formatNumber(options.every)} requests with nothing in flight, after garbage was collected. Flat: the median of the last third is at most 5 % above that of the middle third.`,
    ].join('\n'),
    problems.length === 0 ? '**Flat.**' : problems.map((problem) => `* **${problem}**`).join('\n'),
    renderGrowth(result),
    renderSamples(result),
  ].join('\n\n')}\n`;
};
