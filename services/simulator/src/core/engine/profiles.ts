/** Cost of one engine step in milliseconds: base + per prefill token + per sequence + per token held in KV. */
export interface StepCost {
  readonly baseMs: number;
  readonly prefillTokenMs: number;
  /** Times the square of the step's prefill tokens: attention over a long chunk. */
  readonly prefillSquaredMs: number;
  readonly sequenceMs: number;
  readonly kvTokenMs: number;
  /** Half-width of the uniform noise, as a share of the step. */
  readonly noise: number;
}

export interface EngineLimits {
  /** Tokens that one step may compute, prefill and decode together. */
  readonly maxBatchedTokens: number;
  readonly maxSequences: number;
  /** Requests that may wait; one more is refused. */
  readonly maxWaiting: number;
  readonly blockTokens: number;
  readonly blocks: number;
  /** Share of the blocks that admission leaves free, so that running sequences can grow. */
  readonly watermark: number;
}

export interface EngineProfile {
  readonly cost: StepCost;
  readonly limits: EngineLimits;
}

const vllmLimits = {
  maxBatchedTokens: 2048,
  maxSequences: 256,
  maxWaiting: 1000,
  blockTokens: 16,
  watermark: 0.01,
} as const;

/**
 * The 8B figures are those of a loaded H100. The others keep the ratios that llm-d-inference-sim documents at batch 1
 * (ITL 12 : 25 : 15 ms, prefill 0.25 : 0.5 : 0.35 ms a token, slow-down at a full batch 2.0 : 3.0 : 1.5).
 * Blocks follow from the memory left beside the weights.
 */
export const engineProfiles = {
  '8b-h100': {
    cost: {
      baseMs: 6,
      prefillTokenMs: 0.055,
      prefillSquaredMs: 0,
      sequenceMs: 0.02,
      kvTokenMs: 2e-5,
      noise: 0.05,
    },
    limits: { ...vllmLimits, blocks: 25_000 },
  },
  '70b-tp8': {
    cost: {
      baseMs: 12.5,
      prefillTokenMs: 0.11,
      prefillSquaredMs: 0,
      sequenceMs: 0.04,
      kvTokenMs: 1.8e-5,
      noise: 0.05,
    },
    limits: { ...vllmLimits, blocks: 50_000 },
  },
  '3b-l40s': {
    cost: {
      baseMs: 7.5,
      prefillTokenMs: 0.077,
      prefillSquaredMs: 0,
      sequenceMs: 0.007,
      kvTokenMs: 7e-6,
      noise: 0.05,
    },
    limits: { ...vllmLimits, blocks: 18_750 },
  },
} as const satisfies Record<string, EngineProfile>;

export type EngineProfileName = keyof typeof engineProfiles;

/** `instant` answers at once, `paced` keeps fixed times a token; the others run the engine. */
export type ProfileName = 'instant' | 'paced' | EngineProfileName;

export const profileNames: readonly ProfileName[] = [
  'instant',
  'paced',
  ...(Object.keys(engineProfiles) as EngineProfileName[]),
];
