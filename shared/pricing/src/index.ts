export type {
  ImportedBook,
  ImportedPrice,
  ServiceTierPrices,
  SkippedPrice,
} from '@weir/contracts';
export { toPerMillion, toPicoPerToken } from './decimal.ts';
export { type BookDiff, diffBooks, type PriceChange } from './diff-books.ts';
export {
  type AffordableOutput,
  type CostEstimate,
  type CostQuestion,
  estimateCostNano,
  outputTokensForNano,
} from './estimate-cost.ts';
export { findPrice, type ModelNames, namesOf, type PriceQuestion } from './find-price.ts';
export { importLiteLlm } from './import-litellm.ts';
export { importModelsDev } from './import-models-dev.ts';
export { createLivePriceBook, type LivePriceBook } from './live-price-book.ts';
export type { LaneRates, Price, RateCard, RateTier } from './price.ts';
export { type BuiltPriceBook, buildPriceBook, type PriceBook, type PriceBookSource } from './price-book.ts';
export { type RatedAttempt, rateUsage } from './rate-usage.ts';
