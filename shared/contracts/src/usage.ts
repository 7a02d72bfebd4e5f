/**
 * Tokens by lane. Lanes are disjoint: the input lanes add up to `inputTotal`, the output lanes to `outputTotal`.
 * An absent lane is unknown, not zero.
 */
export interface Usage {
  readonly inputText?: number;
  readonly cacheRead?: number;
  readonly cacheWrite5m?: number;
  readonly cacheWrite1h?: number;
  readonly inputAudio?: number;
  readonly inputImage?: number;
  readonly outputText?: number;
  readonly outputReasoning?: number;
  readonly outputAudio?: number;
  readonly inputTotal?: number;
  readonly outputTotal?: number;
}

/**
 * How the numbers were come by: `reported` by the provider, `estimated` by us, `partial` when the provider reported
 * some before the attempt was cut, `unknown` when there is nothing to go by.
 */
export type UsageQuality = 'reported' | 'estimated' | 'partial' | 'unknown';

export const usageQualities = ['reported', 'estimated', 'partial', 'unknown'] as const;

/** How an attempt ended. */
export const attemptOutcomes = [
  'completed',
  'client_cancelled',
  'provider_error',
  'timeout',
  'shutdown',
  'unknown',
] as const;

export type AttemptOutcome = (typeof attemptOutcomes)[number];

/** Data of a `started` event: the durable intent, stored before the provider is called. */
export interface AttemptStarted {
  readonly requestId: string;
  readonly attempt: number;
  /** Drawn by the adapter run: tells two runs of one attempt apart. */
  readonly run: string;
  readonly org: string;
  readonly team: string;
  readonly key: string;
  readonly route: string;
  readonly api: string;
  readonly upstream: string;
  readonly target: string;
  readonly provider: string;
  readonly modelRequested: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly deadline: number;
  /** Estimated input tokens. Absent when unknown. */
  readonly estimatedInput?: number;
  readonly stream: boolean;
  /** Instance of the adapter that runs the attempt. */
  readonly adapter?: string;
  /** Model name to look the price up by, where the upstream's configuration names one. It goes before the served model. */
  readonly priceAs?: string;
  /** Budget counters that this request is charged to, from its grant: see `BudgetCounter`. Absent means none. */
  readonly charges?: readonly string[];
}

/** Data of a `final` event. It repeats the intent, so that it can be read alone. */
export interface AttemptFinal extends AttemptStarted {
  /** 0 estimated, 1 reported, 2 and above corrections. The highest wins. */
  readonly revision: number;
  readonly quality: UsageQuality;
  readonly outcome: AttemptOutcome;
  readonly usage: Usage;
  /**
   * Model that the provider says it served; when it did not say, the one that it was asked for. Absent when that is
   * {@link AttemptStarted.modelRequested}.
   */
  readonly modelServed?: string;
  /** HTTP status of the upstream. Absent when there was none. */
  readonly status?: number;
  readonly providerRequestId?: string;
  /** Error reason when the attempt failed. */
  readonly reason?: string;
  /** Milliseconds from the start to the first byte. Absent when there was none. */
  readonly firstByteMs?: number;
  readonly totalMs: number;
  /** Bytes of the body sent towards the client. */
  readonly deliveredBytes: number;
  /** Service tier that the provider says it served, such as `batch` or `priority`. Absent when it did not say. */
  readonly serviceTier?: string;
  /** The request goes on as another attempt, so its holds stay. Absent means false. */
  readonly handedBack?: boolean;
}
