import type { PriceLane } from '@weir/contracts';
import { answerLanes, type LaneTokens, promptLanes, promptTokens } from './lane-tokens.ts';
import type { RateCard, RateTier } from './price.ts';

/** Pico-units of the currency by lane, of the lanes that were used. */
export type LanePico = ReadonlyMap<PriceLane, bigint>;

export type PricedLanes =
  | { readonly outcome: 'priced'; readonly lanesPico: LanePico; readonly tier: string }
  | { readonly outcome: 'no_price'; readonly lane: PriceLane };

/** What applies to a prompt of this size: each from the token after `after` to where the next one begins. Never empty. */
export const bandsOf = (card: RateCard, prompt: number): readonly RateTier[] => {
  const base: RateTier = { after: 0, name: 'base', rates: card.rates };
  const tiers = card.tiers.filter(({ after }) => prompt > after);
  const reached = tiers.at(-1) ?? base;
  return card.tierMode === 'whole' ? [{ ...reached, after: 0 }] : [base, ...tiers];
};

/** The price of every token, unrounded. */
export const priceLanesOf = (card: RateCard, tokens: LaneTokens): PricedLanes => {
  const bands = bandsOf(card, promptTokens(tokens));
  const lanesPico = new Map<PriceLane, bigint>();
  let start = 0;
  // The answer follows the prompt, and so lies in the last band.
  for (const lane of [...promptLanes, ...answerLanes]) {
    const end = start + tokens[lane];
    if (end === start) continue;
    let pico = 0n;
    for (const [index, { after, rates }] of bands.entries()) {
      const bandEnd = bands[index + 1]?.after ?? end;
      const count = Math.max(0, Math.min(end, bandEnd) - Math.max(start, after));
      const rate = rates[lane];
      if (count > 0 && rate === undefined) return { outcome: 'no_price', lane };
      pico += BigInt(count) * (rate ?? 0n);
    }
    lanesPico.set(lane, pico);
    start = end;
  }
  return { outcome: 'priced', lanesPico, tier: bands.at(-1)?.name ?? 'base' };
};
