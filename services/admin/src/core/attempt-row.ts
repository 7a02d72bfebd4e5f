import { attemptKey, type RatedUsage } from '@weir/contracts';

/** Every modern time zone is a whole number of these away from UTC, so days of any zone are made of them. */
export const slotMs = 15 * 60_000;

/** What usage may be grouped by and filtered by. */
export const usageDimensions = ['org', 'team', 'key', 'model', 'route', 'upstream', 'provider'] as const;

export type UsageDimension = (typeof usageDimensions)[number];

/** What is added up. Amounts are nano-units of the row's currency. */
export const usageMeasures = [
  'attempts',
  'requests',
  'inputTokens',
  'outputTokens',
  'cachedTokens',
  'costNano',
  'chargeNano',
  'estimated',
  'unpriced',
  'unknown',
] as const;

export type UsageMeasure = (typeof usageMeasures)[number];

/** Where usage is added up: one quarter of an hour, one currency and one value of each dimension. */
export type SlotKey = Readonly<Record<UsageDimension | 'currency', string>> & { readonly slot: number };

export type Measures = Readonly<Record<UsageMeasure, bigint>>;

/** One attempt as of its last ledger record. */
export interface AttemptRow {
  readonly attempt: string;
  readonly key: SlotKey;
  readonly measures: Measures;
}

const flag = (holds: boolean): bigint => (holds ? 1n : 0n);

const slotKeyOf = (data: RatedUsage): SlotKey => ({
  slot: Math.floor(data.startedAt / slotMs),
  org: data.org,
  team: data.team,
  key: data.key,
  model: data.modelRequested,
  route: data.route,
  upstream: data.upstream,
  provider: data.provider,
  currency: data.rating.currency,
});

/**
 * The attempt after one more record. Sums grow by the record's difference, so that they equal the ledger's; what the
 * record says of the attempt as a whole (cached tokens, quality, rating) replaces what the one before it said.
 */
export const mergeRecord = (before: AttemptRow | undefined, data: RatedUsage): AttemptRow => {
  const { delta, rating, usage, quality } = data;
  const sum = (measure: UsageMeasure, added: bigint): bigint => (before?.measures[measure] ?? 0n) + added;
  return {
    attempt: attemptKey(data),
    key: slotKeyOf(data),
    measures: {
      attempts: 1n,
      requests: sum('requests', BigInt(delta.requests)),
      inputTokens: sum('inputTokens', BigInt(delta.inputTokens)),
      outputTokens: sum('outputTokens', BigInt(delta.outputTokens)),
      cachedTokens: BigInt(usage.cacheRead ?? 0),
      costNano: sum('costNano', BigInt(delta.amountNano)),
      chargeNano: sum('chargeNano', BigInt(delta.chargeNano)),
      estimated: flag(quality === 'estimated' || quality === 'partial'),
      unpriced: flag(rating.status === 'unpriced'),
      unknown: flag(quality === 'unknown'),
    },
  };
};

/** What a slot changes by when an attempt comes into it or leaves it. */
export const negated = (measures: Measures): Measures =>
  Object.fromEntries(usageMeasures.map((measure) => [measure, -measures[measure]])) as unknown as Measures;
