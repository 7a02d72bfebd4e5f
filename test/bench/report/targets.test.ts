import { expect, test } from 'vitest';
import type { BenchMeasurements, StepMeasurement, StreamMeasurement } from '../measurement.ts';
import { renderTargets } from './targets.ts';

const latency = (p50Micros: number) => ({ count: 1, p50Micros, p99Micros: p50Micros, maxMicros: p50Micros });

const step = (
  competitor: string,
  connections: number,
  requestsPerSecond: number,
  p50Micros: number,
): StepMeasurement => ({
  competitor,
  connections,
  stream: false,
  result: {
    kind: 'closed-loop',
    requestsPerSecond,
    answered: 1,
    failed: 0,
    latency: latency(p50Micros),
    firstToken: latency(p50Micros),
  },
  cpuPerRequestMs: new Map(),
  settleMs: undefined,
});

const streams = (completed: number, stalls: number): StreamMeasurement => ({
  competitor: 'weir',
  result: {
    kind: 'paced-streams',
    completed,
    streams: 128,
    tokens: 1,
    stalls,
    firstToken: latency(1),
    tokenDelay: latency(1),
  },
  coreShare: new Map(),
});

const measured = (steps: StepMeasurement[], streamed: StreamMeasurement[]): BenchMeasurements => ({
  competitors: ['direct', 'weir', 'portkey'],
  steps,
  streams: streamed,
  memory: [],
  notes: [],
});

const cells = (measurements: BenchMeasurements, rows: [number, number?], column: number): string[] =>
  renderTargets(measurements)
    .split('\n')
    .slice(2)
    .slice(...rows)
    .map((line) => line.split('|')[column]?.trim() ?? '');

const verdicts = (measurements: BenchMeasurements, rows: [number, number?] = [0, 3]): string[] =>
  cells(measurements, rows, 3);
const verdictsOnNode20 = (measurements: BenchMeasurements, rows: [number, number?]): string[] =>
  cells(measurements, rows, 5);

const fast = [step('weir', 64, 5000, 1), step('portkey', 64, 2000, 1)];
const latencies = (weirMicros: number) => [
  step('direct', 1, 1, 100),
  step('weir', 1, 1, weirMicros),
  step('portkey', 1, 1, 1000),
];

test('a target is met at its bound', () => {
  expect(verdicts(measured([...fast, ...latencies(1000)], [streams(128, 0), streams(128, 0)]))).toEqual([
    'met',
    'met',
    'met',
  ]);
});

test('the median of the rounds decides on speed, the worst round on streams', () => {
  const steps = [...fast, step('weir', 64, 4000, 1), step('weir', 64, 4900, 1), ...latencies(1001)];
  expect(verdicts(measured(steps, [streams(128, 0), streams(127, 0)]))).toEqual([
    '**missed**',
    '**missed**',
    '**missed**',
  ]);
});

test('what was not measured is neither met nor missed', () => {
  expect(verdicts(measured([step('direct', 1, 1, 100)], []))).toEqual([
    'not measured',
    'not measured',
    'not measured',
  ]);
});

test('the share that limits leave is that of the same round, whatever the rounds were', () => {
  const round = (open: number, limits: number, portkey: number) => [
    step('weir-open', 64, open, 1),
    step('weir-limits', 64, limits, 1),
    step('portkey', 64, portkey, 1),
  ];
  const money = (rounds: StepMeasurement[][]) => verdicts(measured(rounds.flat(), []), [3, 5]);
  expect(money([round(1000, 700, 350), round(100, 70, 35), round(4000, 100, 100)])).toEqual(['met', 'met']);
  expect(money([round(1000, 690, 350), round(100, 69, 35), round(100, 90, 30)])).toEqual([
    '**missed**',
    '**missed**',
  ]);
  expect(money([])).toEqual(['not measured', 'not measured']);
});

test('a rate with failed requests in it meets nothing', () => {
  const limits = step('weir-limits', 64, 1000, 1);
  const failing = { ...limits, result: { ...limits.result, failed: 1 } };
  const steps = [step('weir-open', 64, 1000, 1), failing, step('portkey', 64, 100, 1)];
  expect(verdicts(measured(steps, []), [3, 5])).toEqual(['**missed**', '**missed**']);
});

test('the request path in one process is measured by the same bounds, apart', () => {
  const steps = [
    ...fast,
    step('weir-all-in-one', 64, 4999, 1),
    ...latencies(1001),
    step('weir-all-in-one', 1, 1, 1000),
  ];
  expect(verdicts(measured(steps, []), [0, 2])).toEqual(['met', '**missed**']);
  expect(verdicts(measured(steps, []), [5, 7])).toEqual(['**missed**', 'met']);
});

test('a slower Node under Portkey has verdicts of its own, and none where Portkey does not come into it', () => {
  const steps = [
    ...fast,
    ...latencies(1001),
    step('portkey-node20', 64, 2001, 1),
    step('portkey-node20', 1, 1, 1001),
  ];
  expect(verdicts(measured(steps, []), [0, 2])).toEqual(['met', '**missed**']);
  expect(verdictsOnNode20(measured(steps, []), [0, 4])).toEqual(['**missed**', 'met', '', '']);
});

test('limits in one process are held against one process without', () => {
  const steps = [
    step('weir-open', 64, 2000, 1),
    step('weir-open-all-in-one', 64, 1000, 1),
    step('weir-limits-all-in-one', 64, 700, 1),
    step('portkey', 64, 351, 1),
  ];
  expect(verdicts(measured(steps, []), [7, 9])).toEqual(['met', '**missed**']);
});
