import { type PriceLane, providers } from '@weir/contracts';
import { findPrice } from './find-price.ts';
import type { LaneRates, Price, RateCard } from './price.ts';
import type { PriceBook } from './price-book.ts';
import { bandsOf } from './price-lanes.ts';
import { cardFor } from './rate-usage.ts';
import { mostPico, toNano } from './round-lanes.ts';

/** A request that has not run yet. */
export interface CostQuestion {
  /** Absent: any of those that an upstream may be; the dearest counts. */
  readonly provider?: string;
  /** Names to look the price up by, the first that has one: see `namesOf`. */
  readonly models: readonly string[];
  readonly org: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Tokens of the whole prompt. */
  readonly inputTokens: number;
  /** Whether the prompt asks to be cached, and for how long at most. Absent: it does not. */
  readonly cacheWrites?: '5m' | '1h';
  /** The service tier that is asked for. It may be refused, so the price without one counts too. */
  readonly serviceTier?: string;
}

/** One way in which the request may be priced. Pico-units: of the whole prompt, and of each token of the answer. */
export interface CostCourse {
  readonly prompt: bigint;
  /** Undefined: answers have no price. */
  readonly outputToken: bigint | undefined;
}

const promptLanes = {
  none: ['inputText'],
  '5m': ['inputText', 'cacheWrite5m'],
  '1h': ['inputText', 'cacheWrite5m', 'cacheWrite1h'],
} as const satisfies Readonly<Record<string, readonly PriceLane[]>>;

const dearest = (rates: LaneRates, lanes: readonly PriceLane[]): bigint | undefined =>
  lanes
    .flatMap((lane) => rates[lane] ?? [])
    .reduce<bigint | undefined>((most, rate) => (most !== undefined && most > rate ? most : rate), undefined);

/** No cache hit. The prompt may be shorter than the estimate, so each tier up to its size may be the one that applies. */
const coursesOf = (card: RateCard, { inputTokens, cacheWrites }: CostQuestion): readonly CostCourse[] => {
  const bands = bandsOf({ ...card, tierMode: 'marginal' }, inputTokens);
  const priced = bands.flatMap(({ after, rates }, index) => {
    const rate = dearest(rates, promptLanes[cacheWrites ?? 'none']) ?? (inputTokens === 0 ? 0n : undefined);
    const tokens = BigInt((bands[index + 1]?.after ?? inputTokens) - after);
    const outputToken = dearest(rates, ['outputText', 'outputReasoning']);
    return rate === undefined ? [] : [{ rate, inBand: rate * tokens, outputToken }];
  });
  // Without a price for a part of the prompt there is none for the whole.
  if (priced.length < bands.length) return [];
  const allBands = priced.reduce((all, { inBand }) => all + inBand, 0n);
  return priced.map(({ rate, outputToken }) => ({
    prompt: card.tierMode === 'whole' ? rate * BigInt(inputTokens) : allBands,
    outputToken,
  }));
};

const pricesFor = (book: PriceBook, { provider, models, org, at }: CostQuestion): readonly Price[] =>
  (provider === undefined ? providers : [provider]).flatMap(
    (one) => findPrice(book, { provider: one, models, org, at }) ?? [],
  );

/** All ways in which a request may be priced. Empty: there is no price, or none for some part of a prompt. */
const findCourses = (book: PriceBook, question: CostQuestion): readonly CostCourse[] => {
  const prices = pricesFor(book, question);
  const cards = new Set(prices.flatMap((price) => [price.card, cardFor(price, question.serviceTier)]));
  const courses = [...cards].map((card) => coursesOf(card, question));
  return courses.some((one) => one.length === 0) ? [] : courses.flat();
};

export type CostEstimate =
  /** Nano-units of the currency. */
  | { readonly outcome: 'known'; readonly nano: bigint }
  /** Some token of it has no price. */
  | { readonly outcome: 'missing' };

/** The most that a request can cost, by the prices that its usage will be rated by. */
export const estimateCostNano = (
  book: PriceBook,
  question: CostQuestion & { readonly outputTokens: number },
): CostEstimate => {
  const output = BigInt(question.outputTokens);
  const costs = findCourses(book, question).map(({ prompt, outputToken }) =>
    outputToken === undefined && output > 0n ? undefined : prompt + output * (outputToken ?? 0n),
  );
  if (costs.length === 0) return { outcome: 'missing' };
  let most = 0n;
  for (const cost of costs) {
    if (cost === undefined) return { outcome: 'missing' };
    if (cost > most) most = cost;
  }
  return { outcome: 'known', nano: toNano(most) };
};

export type AffordableOutput =
  /** Tokens; 0 also where the prompt alone costs more, `MAX_SAFE_INTEGER` where answers are free. */
  { readonly outcome: 'known'; readonly tokens: number } | { readonly outcome: 'missing' };

/** The longest answer whose estimate is `nano` at most. */
export const outputTokensForNano = (
  book: PriceBook,
  question: CostQuestion & { readonly nano: bigint },
): AffordableOutput => {
  const courses = findCourses(book, question);
  if (courses.length === 0) return { outcome: 'missing' };
  let least = BigInt(Number.MAX_SAFE_INTEGER);
  for (const { prompt, outputToken } of courses) {
    if (outputToken === undefined) return { outcome: 'missing' };
    const left = mostPico(question.nano) - prompt;
    const tokens = left < 0n ? 0n : outputToken === 0n ? least : left / outputToken;
    if (tokens < least) least = tokens;
  }
  return { outcome: 'known', tokens: Number(least) };
};
