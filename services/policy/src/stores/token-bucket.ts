/**
 * What of a bucket is used, in sixty-thousandths of a token: then each millisecond gives back `perMinute` of them, and
 * nothing is ever rounded. Above 2^53 (150 billion tokens) it is off by less than a token.
 */
export interface Bucket {
  readonly used: number;
  readonly perMinute: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export const minuteUnits = 60_000;

/** One that was never charged is full. */
export const usedAt = (bucket: Bucket | undefined, perMinute: number, now: number): number =>
  bucket === undefined ? 0 : Math.max(0, bucket.used - Math.max(0, now - bucket.at) * perMinute);

export const waitMs = (units: number, perMinute: number): number => Math.ceil(units / perMinute);

export const remainingTokens = (used: number, capacity: number): number =>
  Math.floor((capacity * minuteUnits - used) / minuteUnits);

/** What it would exceed its capacity by. */
export const excessUnits = (used: number, cost: number, capacity: number): number =>
  used + (cost - capacity) * minuteUnits;

/** What a bucket that refuses nobody is charged: its debt ends at its capacity. */
export const lenientCharge = (used: number, cost: number, capacity: number): number =>
  Math.max(0, Math.min(cost * minuteUnits, 2 * capacity * minuteUnits - used));
