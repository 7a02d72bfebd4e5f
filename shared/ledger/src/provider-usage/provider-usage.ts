/** Lanes that usage reports of providers tell apart, by the names that they have in a record's usage. */
export const reportLanes = [
  'inputTotal',
  'inputText',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'outputTotal',
] as const;

export type ReportLane = (typeof reportLanes)[number];

/** OpenAI reports completions (chat, completions and responses) and embeddings apart; Anthropic has messages. */
export type ReportKind = 'completions' | 'embeddings' | 'messages';

/** The lanes that a report of each kind always has. Of a model that it does not name, it says that they are 0. */
export const lanesOfKind: Readonly<Record<ReportKind, readonly ReportLane[]>> = {
  completions: ['inputTotal', 'outputTotal'],
  embeddings: ['inputTotal'],
  messages: ['inputText', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'outputTotal'],
};

/** Tokens by lane. An absent lane is not in the report. */
export type LaneCounts = Readonly<Partial<Record<ReportLane, bigint>>>;

/** What a provider counted in a span of time, by model. Milliseconds since the epoch, half-open. */
export interface ReportBucket {
  readonly startsAt: number;
  readonly endsAt: number;
  readonly models: ReadonlyMap<string, LaneCounts>;
}

/** One page of a provider's usage report. */
export interface ProviderUsage {
  /** Undefined: a page of OpenAI without a result does not say. */
  readonly kind: ReportKind | undefined;
  readonly buckets: readonly ReportBucket[];
}

/** Lanes that one of the two does not have are not known of the sum either. */
export const addLanes = (left: LaneCounts | undefined, right: LaneCounts): LaneCounts => {
  if (left === undefined) return right;
  const sum: Partial<Record<ReportLane, bigint>> = {};
  for (const lane of reportLanes) {
    const [one, other] = [left[lane], right[lane]];
    if (one !== undefined && other !== undefined) sum[lane] = one + other;
  }
  return sum;
};
