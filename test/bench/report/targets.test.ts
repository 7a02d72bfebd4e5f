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

const verdicts = (measurements: BenchMeasurements): string[] =>
  renderTargets(measurements)
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').at(-2)?.trim() ?? '');

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
