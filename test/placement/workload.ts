import { createRandom, drawNormal, type Random } from '../../services/simulator/src/core/seeded-random.ts';

/** One request of an open load: it is sent at its time, whatever has become of those before it. */
export interface PlannedRequest {
  /** Milliseconds since the start. */
  readonly atMs: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Which of the callers sends it. */
  readonly caller: string;
}

export interface Caller {
  readonly name: string;
  /** Requests per second, as a share of what the workers can do. */
  readonly load: number;
}

export interface Sizes {
  readonly promptMedian: number;
  /** Of the logarithm; 0: all are equal. */
  readonly promptSigma: number;
  readonly outputMedian: number;
  readonly outputSigma: number;
}

/** Prompts as scheduling research draws them; answers are short, as each token costs this machine more than a worker. */
export const heavyTail: Sizes = { promptMedian: 600, promptSigma: 1.2, outputMedian: 16, outputSigma: 0.5 };
export const uniform: Sizes = { promptMedian: 1_200, promptSigma: 0, outputMedian: 16, outputSigma: 0 };

const longestPrompt = 32_000;
const longestOutput = 200;

const drawSize = (random: Random, median: number, sigma: number, most: number): number =>
  Math.max(1, Math.min(most, Math.round(median * Math.exp(sigma * drawNormal(random)))));

export const drawSizes = (
  random: Random,
  sizes: Sizes,
): Pick<PlannedRequest, 'promptTokens' | 'outputTokens'> => ({
  promptTokens: drawSize(random, sizes.promptMedian, sizes.promptSigma, longestPrompt),
  outputTokens: drawSize(random, sizes.outputMedian, sizes.outputSigma, longestOutput),
});

/** Poisson arrivals of each caller, merged. The same seed gives the same load. */
export const planLoad = (input: {
  readonly seed: number;
  readonly seconds: number;
  readonly sizes: Sizes;
  readonly callers: readonly Caller[];
  /** Requests per second that the workers can do. */
  readonly capacity: number;
}): readonly PlannedRequest[] => {
  const planned = input.callers.flatMap(({ name, load }, position) => {
    const random = createRandom(input.seed * 101 + position);
    const requests: PlannedRequest[] = [];
    const meanMs = 1_000 / (load * input.capacity);
    for (let atMs = 0; ; ) {
      atMs += -Math.log(1 - random()) * meanMs;
      if (atMs > input.seconds * 1_000) return requests;
      requests.push({ atMs, caller: name, ...drawSizes(random, input.sizes) });
    }
  });
  return planned.sort((left, right) => left.atMs - right.atMs);
};
