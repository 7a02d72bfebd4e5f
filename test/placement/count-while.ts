import { setTimeout as delay } from 'node:timers/promises';
import type { TargetsAnswer } from '@weir/contracts';

/** What schedulers counted at the workers of an upstream during a run, and after it. */
export interface Counted {
  /** Input tokens without a first byte, at one worker as one scheduler saw it. */
  readonly mostTokens: number;
  /** Attempts under way, likewise. */
  readonly mostAttempts: number;
  /** From the last answer until every scheduler counts 0 everywhere. */
  readonly zeroAfterMs: number;
}

export interface CountingInput {
  /** Asks whichever scheduler answers. */
  readonly read: () => Promise<TargetsAnswer>;
  /** Instances: each of them has to count 0 in the end. */
  readonly schedulers: readonly string[];
  /** A reservation that came to nothing lives for 2 s, a report comes each 100 ms. */
  readonly zeroWithinMs?: number;
}

type Most = Pick<Counted, 'mostTokens' | 'mostAttempts'>;

const sampleEachMs = 250;
const askAgainMs = 20;

const raise = (most: Most, { targets }: TargetsAnswer): Most => ({
  mostTokens: Math.max(most.mostTokens, ...targets.map(({ load }) => load.pendingTokens)),
  mostAttempts: Math.max(most.mostAttempts, ...targets.map(({ load }) => load.running)),
});

/** One that nobody reports counts nothing at all, which is not 0. */
const leftIn = ({ targets }: TargetsAnswer): readonly string[] =>
  targets.flatMap(({ target, load: { pendingTokens, running }, adapters }) => {
    if (adapters.length === 0) return [`${target} is not reported`];
    return pendingTokens === 0 && running === 0
      ? []
      : [`${target} has ${pendingTokens} tokens, ${running} attempts`];
  });

const startSampling = (read: CountingInput['read']): (() => Promise<Most>) => {
  const stop = new AbortController();
  const sample = async (): Promise<Most> => {
    let most: Most = { mostTokens: 0, mostAttempts: 0 };
    while (!stop.signal.aborted) {
      // A scheduler that does not answer now is asked again: what counts is that all do in the end.
      const answer = await read().catch(() => undefined);
      if (answer) most = raise(most, answer);
      await delay(sampleEachMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
    return most;
  };
  const sampled = sample();
  return () => {
    stop.abort();
    return sampled;
  };
};

const untilZero = async ({ read, schedulers, zeroWithinMs = 10_000 }: CountingInput): Promise<void> => {
  const deadline = performance.now() + zeroWithinMs;
  const left = new Map<string, readonly string[]>(schedulers.map((name) => [name, ['it has not answered']]));
  while ([...left.values()].some(({ length }) => length > 0)) {
    if (performance.now() > deadline) {
      const lines = [...left].map(([scheduler, reasons]) => `${scheduler}: ${reasons.join(', ') || 'all 0'}`);
      throw new Error(`still counted ${zeroWithinMs} ms after the last answer:\n${lines.join('\n')}`);
    }
    const answer = await read().catch(() => undefined);
    if (answer) left.set(answer.scheduler, leftIn(answer));
    await delay(askAgainMs);
  }
};

/**
 * Does the work, and looks at what schedulers count meanwhile. @throws where their counters did not move, or where one
 * of them is not 0 in time after the work.
 */
export const countWhile = async <Result>(
  input: CountingInput,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly counted: Counted }> => {
  const stopSampling = startSampling(input.read);
  const result = await work().catch(async (error: unknown) => {
    await stopSampling();
    throw error;
  });
  const endedAt = performance.now();
  const most = await stopSampling();
  await untilZero(input);
  const zeroAfterMs = performance.now() - endedAt;
  if (most.mostTokens === 0 || most.mostAttempts === 0) {
    throw new Error(`no scheduler ever counted anything: ${JSON.stringify(most)}`);
  }
  return { result, counted: { ...most, zeroAfterMs } };
};
