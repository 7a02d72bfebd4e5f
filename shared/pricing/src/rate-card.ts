import type { ImportedPrice, LanePrices, PriceTierConfig, ServiceTierPrices } from '@weir/contracts';
import { toPicoPerToken } from './decimal.ts';
import type { LaneRates, RateCard } from './price.ts';

type Prices = Pick<ImportedPrice, keyof LanePrices | 'tiers' | 'tierMode' | 'serviceTiers'>;

export const laneFields = [
  'inputPerMillion',
  'outputPerMillion',
  'cacheReadPerMillion',
  'cacheWritePerMillion',
  'cacheWrite1hPerMillion',
  'reasoningPerMillion',
  'inputAudioPerMillion',
  'outputAudioPerMillion',
  'inputImagePerMillion',
] as const satisfies readonly (keyof LanePrices)[];

/** Text has a cheaper or dearer form each way, and so a default; media have none: see docs/decisions/0011-prices.md. */
const toRates = (prices: LanePrices): LaneRates => {
  const rateOf = (field: keyof LanePrices): bigint | undefined => {
    const price = prices[field];
    return price === undefined ? undefined : toPicoPerToken(price);
  };
  const inputText = rateOf('inputPerMillion');
  const outputText = rateOf('outputPerMillion');
  const cacheWrite5m = rateOf('cacheWritePerMillion') ?? inputText;
  const rates = {
    inputText,
    cacheRead: rateOf('cacheReadPerMillion') ?? inputText,
    cacheWrite5m,
    cacheWrite1h: rateOf('cacheWrite1hPerMillion') ?? cacheWrite5m,
    inputAudio: rateOf('inputAudioPerMillion'),
    inputImage: rateOf('inputImagePerMillion'),
    outputText,
    outputReasoning: rateOf('reasoningPerMillion') ?? outputText,
    outputAudio: rateOf('outputAudioPerMillion'),
  };
  return Object.fromEntries(Object.entries(rates).filter(([, rate]) => rate !== undefined));
};

const lanesOf = (prices: LanePrices): LanePrices =>
  Object.fromEntries(
    laneFields.flatMap((field) => (prices[field] === undefined ? [] : [[field, prices[field]]])),
  );

/** The token at the threshold belongs to a tier that is bound by `gte`. */
const tokensBefore = ({ above, bound }: PriceTierConfig): number => (bound === 'gt' ? above : above - 1);

const nameOf = ({ above, bound }: PriceTierConfig): string => `${bound === 'gt' ? 'above' : 'from'}_${above}`;

/** What a tier does not name, it takes over from the prices without one. */
export const toRateCard = (prices: Omit<Prices, 'serviceTiers'>): RateCard => ({
  rates: toRates(prices),
  tiers: prices.tiers.map((tier) => ({
    after: tokensBefore(tier),
    name: nameOf(tier),
    rates: toRates({ ...lanesOf(prices), ...lanesOf(tier) }),
  })),
  tierMode: prices.tierMode,
});

const dearer = (left: string, right: string): string =>
  (toPicoPerToken(left) ?? 0n) > (toPicoPerToken(right) ?? 0n) ? left : right;

/**
 * What a service tier does not name costs what it costs without one. Where it names no price of long prompts and there
 * is one without it, nobody knows theirs: it is the dearer of that one and of the service tier's own price.
 */
const overStandard = (prices: Prices, service: ServiceTierPrices): RateCard => {
  const thresholds = [...prices.tiers, ...service.tiers].map(({ above }) => above);
  const tiers = [...new Set(thresholds)]
    .sort((left, right) => left - right)
    .map((above): PriceTierConfig => {
      const own = service.tiers.find((tier) => tier.above === above);
      const standard = prices.tiers.find((tier) => tier.above === above);
      const unnamed = Object.entries(lanesOf(standard ?? {})).map(([field, long]) => {
        const short = service[field as keyof LanePrices];
        return [field, short === undefined ? long : dearer(short, long)];
      });
      return { bound: 'gt', ...standard, ...Object.fromEntries(unnamed), ...own, above };
    });
  return toRateCard({ ...lanesOf(prices), ...lanesOf(service), tiers, tierMode: prices.tierMode });
};

export const toServiceTiers = (prices: Prices): ReadonlyMap<string, RateCard> =>
  new Map(
    Object.entries(prices.serviceTiers ?? {}).map(([name, service]) => [name, overStandard(prices, service)]),
  );
