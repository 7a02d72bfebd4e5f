import type { LatencySummary } from './latency-histogram.ts';

/** Where a competitor takes chat completions, on this machine. */
export interface LoadTarget {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Keep-alive connections that each send the next request when the last is answered. */
export interface ClosedLoopJob {
  readonly kind: 'closed-loop';
  readonly target: LoadTarget;
  readonly stream: boolean;
  readonly connections: number;
  /** Sent but not counted, at the start. */
  readonly warmUpMs: number;
  readonly durationMs: number;
}

/** Streams side by side that the upstream paces at 50 tokens a second each. */
export interface PacedStreamsJob {
  readonly kind: 'paced-streams';
  readonly target: LoadTarget;
  readonly streams: number;
  readonly tokensPerStream: number;
  /** The streams start evenly over this time. */
  readonly rampMs: number;
}

export type LoadJob = ClosedLoopJob | PacedStreamsJob;

export interface ClosedLoopResult {
  readonly kind: 'closed-loop';
  readonly requestsPerSecond: number;
  /** All requests answered, those of the warm-up too. */
  readonly answered: number;
  /** Answers other than 200, lost connections, and requests without an answer at the end. */
  readonly failed: number;
  readonly latency: LatencySummary;
  /** From the request to the first content delta; without samples unless streamed. */
  readonly firstToken: LatencySummary;
}

export interface PacedStreamsResult {
  readonly kind: 'paced-streams';
  /** Streams that brought every token, in order, and ended. */
  readonly completed: number;
  readonly streams: number;
  readonly tokens: number;
  /** Gaps above 250 ms between two tokens of a stream. */
  readonly stalls: number;
  readonly firstToken: LatencySummary;
  /** From the upstream's write to the client's read, for each token. */
  readonly tokenDelay: LatencySummary;
}

export type LoadResult = ClosedLoopResult | PacedStreamsResult;
