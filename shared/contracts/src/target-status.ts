/** Asks one scheduler how it sees targets. */
export interface TargetsQuestion {
  /** Absent: of every upstream. */
  readonly upstream?: string;
}

export interface TargetsAnswer {
  /** Instance that answers. Another one may see it differently for the time of one report. */
  readonly scheduler: string;
  readonly targets: readonly TargetStatus[];
  /** False: there are more targets than are listed. */
  readonly complete: boolean;
}

export const targetVerdicts = [
  'admitted',
  'no_adapter',
  'draining',
  'circuit_open',
  'probing',
  'unhealthy',
  'ejected',
  'busy',
] as const;

/** Whether requests go to a target, or the one reason why they do not. */
export type TargetVerdict = (typeof targetVerdicts)[number];

/** How one scheduler sees one target, over all adapters that lead there. */
export interface TargetStatus {
  readonly upstream: string;
  readonly target: string;
  /** Base URL. */
  readonly address: string;
  readonly verdict: TargetVerdict;
  /** One sentence that says why it is chosen or not. */
  readonly sentence: string;
  /** Factor of its cost; 1: none. */
  readonly penalty: number;
  readonly load: TargetStatusLoad;
  /** Each adapter instance that reports the target; at most 32. */
  readonly adapters: readonly AdapterStatus[];
}

export interface TargetStatusLoad {
  /** Input tokens without a first byte yet. */
  readonly pendingTokens: number;
  readonly running: number;
  /** Input tokens per second. Absent until known. */
  readonly prefillTokensPerSecond?: number;
  /** Of successful answers. Absent until known. */
  readonly firstByteMs?: number;
  /** Share of the engine's KV cache in use, 0 to 1. Absent: not known. */
  readonly kvUsage?: number;
}

/** What one adapter instance reports of a target. */
export interface AdapterStatus {
  readonly instance: string;
  readonly circuit: 'closed' | 'open' | 'half-open';
  /** Absent: nothing was found yet, or nobody asks. */
  readonly check?: 'healthy' | 'unhealthy';
  /** Why the last check failed. Absent: it did not. */
  readonly checkFailure?: string;
  /** Failures since the last success. Absent: nobody asks. */
  readonly consecutiveFailures?: number;
  /** Reason of the last failure. Absent: there was none. */
  readonly lastFailure?: string;
}
