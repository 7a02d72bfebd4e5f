import type { RunningCompetitor } from './competitors/competitor.ts';
import type { ClosedLoopResult, LoadTarget, PacedStreamsResult } from './load/jobs.ts';
import type {
  BenchMeasurements,
  MemoryMeasurement,
  StepMeasurement,
  StreamMeasurement,
} from './measurement.ts';
import type { BenchPlan } from './plan.ts';
import { sampleProcesses } from './process/process-stats.ts';
import type { Stage } from './stage.ts';
import { tokenIntervalMs } from './upstream/bench-models.ts';
import { verifyAnswers } from './verify-answers.ts';

type Say = (line: string) => void;
type CpuByRole = ReadonlyMap<string, number | undefined>;

const answerTimeoutMs = 20_000;
const streamRampMs = 500;

/** What `run` cost each process, in CPU milliseconds. */
const measureCpu = async <Result>(
  stage: Stage,
  competitor: RunningCompetitor,
  run: () => Promise<Result>,
): Promise<{ result: Result; cpuMs: CpuByRole }> => {
  const processes = [...competitor.processes, ...stage.commonProcesses];
  const before = await sampleProcesses(processes);
  const result = await run();
  const after = await sampleProcesses(processes);
  const cpuMs = after.map((sample, index): [string, number | undefined] => {
    const earlier = before[index]?.cpuMs;
    return [
      sample.role,
      sample.cpuMs === undefined || earlier === undefined ? undefined : sample.cpuMs - earlier,
    ];
  });
  return { result, cpuMs: new Map(cpuMs) };
};

const shareOf = (cpuMs: CpuByRole, divisor: number): CpuByRole =>
  new Map(
    [...cpuMs].map(([role, value]) => [
      role,
      value === undefined || divisor === 0 ? undefined : value / divisor,
    ]),
  );

const runLoop = (
  stage: Stage,
  target: LoadTarget,
  load: { connections: number; stream: boolean; warmUpMs: number; durationMs: number },
): Promise<ClosedLoopResult> =>
  stage.run(
    { kind: 'closed-loop', target, ...load },
    load.warmUpMs + load.durationMs + answerTimeoutMs,
  ) as Promise<ClosedLoopResult>;

const measureStep = async (
  stage: Stage,
  competitor: string,
  plan: BenchPlan,
  load: { connections: number; stream: boolean },
): Promise<StepMeasurement> => {
  const running = runningOf(stage, competitor);
  const { result: measured, cpuMs } = await measureCpu(stage, running, async () => {
    const result = await runLoop(stage, running.target, {
      ...load,
      warmUpMs: plan.rampMs,
      durationMs: plan.stepMs,
    });
    return { result, settleMs: await running.settle?.() };
  });
  const { result, settleMs } = measured;
  return { competitor, ...load, result, settleMs, cpuPerRequestMs: shareOf(cpuMs, result.answered) };
};

const measureStreams = async (
  stage: Stage,
  competitor: string,
  load: { streams: number; durationMs: number },
): Promise<StreamMeasurement> => {
  const running = runningOf(stage, competitor);
  const tokensPerStream = Math.round(load.durationMs / tokenIntervalMs);
  const { result, cpuMs } = await measureCpu(
    stage,
    running,
    () =>
      stage.run(
        {
          kind: 'paced-streams',
          target: running.target,
          streams: load.streams,
          tokensPerStream,
          rampMs: streamRampMs,
        },
        load.durationMs + answerTimeoutMs,
      ) as Promise<PacedStreamsResult>,
  );
  await running.settle?.();
  return { competitor, result, coreShare: shareOf(cpuMs, load.durationMs + streamRampMs) };
};

const runningOf = (stage: Stage, competitor: string): RunningCompetitor => {
  const running = stage.competitors.get(competitor);
  if (running === undefined) throw new Error(`${competitor} does not run`);
  return running;
};

const describeStep = ({ competitor, connections, stream, result }: StepMeasurement): string =>
  [
    competitor,
    `${connections} connections${stream ? ', streamed' : ''}`,
    `${Math.round(result.requestsPerSecond)} requests/s`,
    `p50 ${Math.round(result.latency.p50Micros ?? Number.NaN)} us`,
    `${result.failed} failed`,
  ].join(': ');

const describeStreams = ({ competitor, result }: StreamMeasurement): string =>
  [
    competitor,
    `${result.completed} of ${result.streams} streams`,
    `${result.stalls} stalls`,
    `delay p99 ${Math.round(result.tokenDelay.p99Micros ?? Number.NaN)} us`,
  ].join(': ');

/** Lets the compilers of all processes finish, which takes some thousand requests. */
const warmUp = async (stage: Stage, plan: BenchPlan): Promise<void> => {
  for (const [name, { target, settle }] of stage.competitors) {
    await verifyAnswers(name, target);
    const plainMs = (plan.warmUpMs * 3) / 4;
    await runLoop(stage, target, { connections: 64, stream: false, warmUpMs: 0, durationMs: plainMs });
    const streamMs = plan.warmUpMs - plainMs;
    await runLoop(stage, target, { connections: 16, stream: true, warmUpMs: 0, durationMs: streamMs });
    await settle?.();
  }
};

const measureSteps = async (stage: Stage, plan: BenchPlan, say: Say): Promise<StepMeasurement[]> => {
  const steps: StepMeasurement[] = [];
  const names = [...stage.competitors.keys()];
  // Competitors alternate within each load, so that what else the machine does falls on all of them; each second
  // round goes backwards, so that what one leaves behind in caches does not always fall on the same next one.
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const load of plan.loads) {
      for (const name of round % 2 === 0 ? names : names.toReversed()) {
        const step = await measureStep(stage, name, plan, load);
        say(describeStep(step));
        steps.push(step);
      }
    }
  }
  return steps;
};

const isSustained = ({ completed, streams, stalls }: PacedStreamsResult): boolean =>
  completed === streams && stalls === 0;

const measureAllStreams = async (stage: Stage, plan: BenchPlan, say: Say): Promise<StreamMeasurement[]> => {
  const measured: StreamMeasurement[] = [];
  const measure = async (name: string, streams: number, durationMs: number): Promise<boolean> => {
    const measurement = await measureStreams(stage, name, { streams, durationMs });
    say(describeStreams(measurement));
    measured.push(measurement);
    return isSustained(measurement.result);
  };
  let climbing = [...stage.competitors.keys()];
  for (let round = 0; round < plan.streamRounds; round += 1) {
    for (const name of stage.competitors.keys()) await measure(name, plan.streams, plan.streamMs);
  }
  for (const streams of plan.streamLadder) {
    const sustained: string[] = [];
    for (const name of climbing) if (await measure(name, streams, plan.ladderMs)) sustained.push(name);
    climbing = sustained;
  }
  return measured;
};

const sampleMemory = async (stage: Stage) => {
  const samples: { competitor: string; role: string; rssBytes: number | undefined }[] = [];
  for (const [competitor, running] of stage.competitors) {
    for (const sample of await sampleProcesses(running.processes)) samples.push({ competitor, ...sample });
  }
  return samples;
};

export const measureAll = async (stage: Stage, plan: BenchPlan, say: Say): Promise<BenchMeasurements> => {
  const before = await sampleMemory(stage);
  await warmUp(stage, plan);
  const steps = await measureSteps(stage, plan, say);
  const streams = await measureAllStreams(stage, plan, say);
  const after = await sampleMemory(stage);
  const memory: MemoryMeasurement[] = before.map(({ competitor, role, rssBytes }, index) => ({
    competitor,
    role,
    beforeBytes: rssBytes,
    afterBytes: after[index]?.rssBytes,
  }));
  return {
    competitors: [...stage.competitors.keys()],
    steps,
    streams,
    memory,
    notes: [...stage.competitors.values()].flatMap((running) => running.notes),
  };
};
