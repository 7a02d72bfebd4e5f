/** One request that had its first token. */
export interface Served {
  /** When it came, milliseconds since the start. */
  readonly at: number;
  readonly promptTokens: number;
  readonly firstTokenMs: number;
  /** Mean time between its tokens. Undefined for answers of one token, and for those that broke off. */
  readonly tokenMs: number | undefined;
}

/** What one run of the simulation saw, before any statistics. */
export interface Recording {
  readonly served: readonly Served[];
  /** Answers that ended after their first token and before their last. */
  readonly broken: number;
  /** Requests whose client was told of an error before anything of an answer. */
  readonly failed: number;
  /** Mean over the workers of |what the scheduler believes − what is so| in tokens, at each decision. */
  readonly viewErrors: readonly number[];
  /** Standard deviation over mean of the workers' queued tokens, over the whole run. */
  readonly imbalance: number;
  /** Microseconds of the real clock. */
  readonly decisionMicros: readonly number[];
  /** Tokens and attempts that some scheduler or adapter still counts after all is over. */
  readonly leaked: number;
}

export class Recorder {
  readonly served: Served[] = [];
  readonly viewErrors: number[] = [];
  readonly decisionMicros: number[] = [];
  broken = 0;
  failed = 0;
  #deviations = 0;
  #means = 0;

  /** Tokens queued at each worker at one moment. */
  sampleQueues(tokens: readonly number[]): void {
    const mean = tokens.reduce((sum, one) => sum + one, 0) / tokens.length;
    const variance = tokens.reduce((sum, one) => sum + (one - mean) ** 2, 0) / tokens.length;
    this.#deviations += Math.sqrt(variance);
    this.#means += mean;
  }

  close(leaked: number): Recording {
    const { served, broken, failed, viewErrors, decisionMicros } = this;
    const imbalance = this.#means > 0 ? this.#deviations / this.#means : 0;
    return { served, broken, failed, viewErrors, imbalance, decisionMicros, leaked };
  }
}
