import type { AttemptFinal } from './usage.ts';
import type { CloudEvent } from './usage-event.ts';

/** Lanes that have a price of their own. Totals are not lanes. */
export const priceLanes = [
  'inputText',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'inputAudio',
  'inputImage',
  'outputText',
  'outputReasoning',
  'outputAudio',
] as const;

export type PriceLane = (typeof priceLanes)[number];

/**
 * `rated`: a price applied. `unpriced`: no price for the model or for a lane that was used; the amount is 0 until it
 * is rated again. `unknown`: nobody knows what was used; the amount is 0.
 */
export const ratingStatuses = ['rated', 'unpriced', 'unknown'] as const;

export type RatingStatus = (typeof ratingStatuses)[number];

/** What usage costs. Amounts are nano-units of the currency (1 USD = 1,000,000,000), as decimal integer text. */
export interface Rating {
  readonly status: RatingStatus;
  /** What the provider is owed for the whole attempt, as of this revision. */
  readonly amountNano: string;
  /** What the tenant is billed for it. */
  readonly chargeNano: string;
  /** ISO 4217. */
  readonly currency: string;
  /** Hash of the price that applied. Absent unless rated. */
  readonly priceId?: string;
  /** The price's model pattern. Absent unless rated. */
  readonly priceModel?: string;
  /** `base`, or the threshold of the tier that applied, such as `above_200000`. Absent unless rated. */
  readonly tier?: string;
  /** The amount by lane; adds up to `amountNano`. Absent unless rated. */
  readonly lanesNano?: Readonly<Partial<Record<PriceLane, string>>>;
  /** Why it is unpriced: `no_price`, or `no_lane_price:<lane>`. */
  readonly problem?: string;
}

/** The difference to the record before it of the same attempt; what a reader adds up. */
export interface RatedDelta {
  readonly amountNano: string;
  readonly chargeNano: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** 1 on the first record of an attempt that ends its request, 0 on all others; -1 where a correction takes it back. */
  readonly requests: number;
  /** Revision of the record before it. Absent: this is the first. */
  readonly previousRevision?: number;
}

/** Where a record comes from: the event at `part` (from 0) of the batch at `sequence` of stream USAGE. */
export interface LedgerSource {
  readonly sequence: number;
  readonly part: number;
}

/** Data of a rated event: a ledger record. */
export interface RatedUsage extends AttemptFinal {
  /** 0 for the first rating of a revision; rating the same usage again, by other prices, adds 1. */
  readonly ratingNumber: number;
  readonly rating: Rating;
  readonly delta: RatedDelta;
  readonly source: LedgerSource;
}

export const ratedEventType = 'io.weir.usage.rated.v1';

export type RatedEvent = CloudEvent<typeof ratedEventType, RatedUsage>;

/** What tells attempts apart: two runs of one attempt are two. */
export const attemptKey = (data: Pick<AttemptFinal, 'requestId' | 'attempt' | 'run'>): string =>
  `${data.requestId}.${data.attempt}.${data.run}`;

export const toRatedEvent = (source: string, data: RatedUsage, traceparent?: string): RatedEvent => ({
  specversion: '1.0',
  type: ratedEventType,
  source,
  id: `${attemptKey(data)}:r${data.revision}.${data.ratingNumber}`,
  subject: data.org,
  time: new Date(data.startedAt).toISOString(),
  datacontenttype: 'application/json',
  partitionkey: data.org,
  ...(traceparent === undefined ? {} : { traceparent }),
  data,
});

/**
 * The last message of each unit that metering writes to the ledger. A unit (some records, then this) is one atomic
 * batch, so the last message of the stream is always a commit: where to go on from is in it.
 */
export interface LedgerCommit {
  readonly v: 1;
  /** When the USAGE stream was created, RFC 3339: its sequences mean nothing in another. */
  readonly sourceEpoch: string;
  /** The USAGE messages that the unit covers: after `from`, up to and with `to`. */
  readonly from: number;
  readonly to: number;
  /** What was in them. `started + records + duplicates + poison` is all of them. */
  readonly started: number;
  readonly records: number;
  readonly duplicates: number;
  readonly poison: number;
  /** USAGE sequence just before that of the oldest intent without an account: state is rebuilt from behind it. */
  readonly lowWater: number;
  readonly openIntents: number;
  /**
   * Latest `startedAt` of all records up to here, milliseconds since the epoch: what began later has none.
   * Absent: there are no records.
   */
  readonly latestStart?: number;
  /**
   * SHA-256, hex, over the hash of the commit before this one, then each payload of the unit's records, in order, led by
   * its length: four bytes, big-endian.
   */
  readonly hash: string;
  readonly previousHash: string;
  /** Writer, for people. */
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}
