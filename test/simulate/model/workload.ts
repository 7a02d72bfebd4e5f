import { createRandom, drawNormal, type Random } from '../../../services/simulator/src/core/seeded-random.ts';

/** A log-normal length in tokens; `sigma` 0 is a fixed one. */
export interface Length {
  readonly median: number;
  readonly sigma: number;
}

export interface Workload {
  readonly prompt: Length;
  readonly output: Length;
}

/** For so long from `atMs` on, `factor` times the usual rate. */
export interface Burst {
  readonly atMs: number;
  readonly forMs: number;
  readonly factor: number;
}

export interface Request {
  readonly id: number;
  /** Milliseconds since the start. */
  readonly at: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
}

export interface Arrivals {
  readonly workload: Workload;
  readonly perSecond: number;
  readonly forMs: number;
  readonly burst?: Burst | undefined;
}

/** Scheduling reference, §3.9. */
export const heavyTail: Workload = {
  prompt: { median: 600, sigma: 1.2 },
  output: { median: 180, sigma: 0.8 },
};

/** Every request is the mean one of the heavy tail. */
export const uniform: Workload = { prompt: { median: 1_233, sigma: 0 }, output: { median: 248, sigma: 0 } };

/** What a context of 128 Ki tokens takes. */
const maxPromptTokens = 100_000;
const maxOutputTokens = 8_000;

const drawLength = ({ median, sigma }: Length, max: number, random: Random): number =>
  Math.min(max, Math.max(1, Math.round(median * Math.exp(sigma * drawNormal(random)))));

export const drawRequest = (workload: Workload, random: Random) => ({
  promptTokens: drawLength(workload.prompt, maxPromptTokens, random),
  outputTokens: drawLength(workload.output, maxOutputTokens, random),
});

/** A Poisson process. The same seed gives the same requests, whatever becomes of them. */
export const drawRequests = ({ workload, perSecond, forMs, burst }: Arrivals, seed: number): Request[] => {
  const random = createRandom(seed);
  const requests: Request[] = [];
  for (let at = 0; ; ) {
    const isBurst = burst !== undefined && at >= burst.atMs && at < burst.atMs + burst.forMs;
    at += (-Math.log(1 - random()) * 1_000) / (perSecond * (isBurst ? burst.factor : 1));
    if (at >= forMs) return requests;
    requests.push({ id: requests.length + 1, at, ...drawRequest(workload, random) });
  }
};
