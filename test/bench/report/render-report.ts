import type { BenchMeasurements } from '../measurement.ts';
import type { BenchPlan } from '../plan.ts';
import { renderCostByProcess, renderCostOfMoney, renderSpread } from './cost-tables.ts';
import { renderCpu, renderFirstToken, renderLatency, renderThroughput } from './load-tables.ts';
import type { Machine } from './machine.ts';
import { renderMemory, renderStreams } from './stream-tables.ts';
import { formatNumber } from './table.ts';
import { renderTargets } from './targets.ts';

export interface ReportFacts {
  readonly measurements: BenchMeasurements;
  readonly machine: Machine;
  readonly plan: BenchPlan;
  readonly command: string;
  readonly date: string;
}

const intro = `# Benchmarks

One run, all in turn on one machine: straight to an upstream that answers at once (\`direct\`), through a bare
fastify and undici proxy (\`bare-proxy\`), through Weir, and through Portkey's gateway, on the Node that all others
run on and on that of its own image (\`portkey-node20\`). Weir runs with nothing on (\`weir-open\`), with a key and the ledger (\`weir\`), and with limits
and budgets as well (\`weir-limits\`); each also with the services of the request path in one process (\`-all-in-one\`).
This page is written by the command below.`;

const describeRun = ({ machine, plan, command, date, measurements }: ReportFacts): string =>
  [
    `* \`${command}\`, ${date}`,
    `* ${machine.cpu}, ${machine.cores} cores, ${formatNumber(machine.memoryBytes / 1_073_741_824)} GiB, ${machine.system}, Node ${machine.nodeVersion}`,
    ...measurements.notes.map((note) => `* ${note}`),
    `* ${plan.rounds} rounds of ${plan.stepMs / 1000} s a step, competitors in turn, after ${plan.warmUpMs / 1000} s of warm-up each; the tables hold medians.`,
  ].join('\n');

const reading = `## How to read it

* Everything shares the cores: the load generator, the upstream, the gateways and the bus. Compare rows of one run, not
  runs of two machines.
* The bare proxy and Portkey are one process each, which one core bounds. Weir is five and a bus, which spread over the
  cores and share them with the load and the upstream; as \`all-in-one\` it is one of them, metering and a bus. So read requests per second together with CPU time per request:
  that is what a machine of any size pays.
* They do not do the same work. For each request Weir schedules, writes an access line, and records usage durably on the
  bus; \`weir\` checks a key and writes the ledger besides, \`weir-limits\` reserves and settles each limit and budget. The
  bare proxy does none of it; Portkey maps the request and runs without cache, keys or log console.
* A ratio is the median of the ratios of the rounds, not the ratio of the medians: in one round both had the same machine.
* A step ends when the ledger has every record of it (\`ledger complete after\`, in steps of 250 ms): nobody pays for another's
  rest, and the CPU time of that rest is in its figures. A time that grows with the length of the steps would mean that
  metering is slower than the rest.
* How often the bus calls fsync is said above. With \`always\` an acknowledged event survives the death of the machine; with an
  interval it survives that of every process, and a machine may take the last seconds with it.
* At 1 connection each hop wakes a process that has gone to sleep, and what the services do when idle counts in; at 64
  one wake-up serves several requests. Hence the fall of CPU time per request from one column to the next.
* \`direct\` streams may look faster than whole answers at 1 connection: between the two writes of a stream nobody falls asleep.
* Portkey waits 25 ms before it passes on the first chunk of any stream (its \`streamHandler.ts\`): nearly all of its time
  to the first token, and what bounds its streamed requests per second.
* The upstream answers in well under a millisecond. A model takes hundreds of them: what counts there is the CPU time per
  request, and the delay of a token.
* Paced streams get a token each 20 ms, all at the same moment, as from one batch of an engine. A token's delay is from the
  upstream's write to the client's read, so \`direct\` is its floor. A stall is a gap of more than 250 ms.
* CPU times count in steps of 10 ms, which is less than 1 % of a step. Memory is read before the first and after the
  last request; none of these processes is asked to collect garbage.`;

/** The whole page. */
export const renderReport = (facts: ReportFacts): string => {
  const { measurements } = facts;
  return `${[
    intro,
    describeRun(facts),
    '## Targets',
    renderTargets(measurements),
    '## What keys, limits, budgets and the ledger cost',
    renderCostOfMoney(measurements),
    renderCostByProcess(measurements),
    renderSpread(measurements),
    '## Requests per second',
    renderThroughput(measurements),
    '## Latency of a whole answer',
    renderLatency(measurements),
    '## Time to the first token',
    renderFirstToken(measurements),
    `## Streams of 50 tokens a second`,
    renderStreams(measurements),
    '## CPU time',
    renderCpu(measurements),
    '## Memory',
    renderMemory(measurements),
    reading,
  ].join('\n\n')}\n`;
};
