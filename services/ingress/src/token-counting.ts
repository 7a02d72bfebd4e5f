import type { WeirConfig } from '@weir/contracts';
import type { TextWishes } from '@weir/json';
import { loadTokenCounter, type TokenCounter } from '@weir/tokens';
import { decideLimitNeeds } from './core/limit-needs.ts';
import type { IngressSettings } from './settings.ts';

/** What is found out about the text of a request, as the limits of the configuration in force need it. */
export interface TokenCounting {
  readonly wishes: TextWishes;
  /** Undefined while nobody needs it, or it is being loaded: then tokens are estimated from characters. */
  readonly count: TokenCounter | undefined;
  apply(config: WeirConfig): void;
}

/** Enough for an estimate; more would cost each request a millisecond. */
const maxChars = 8_192;

export const createTokenCounting = (
  mode: IngressSettings['countTokens'],
  onError: (error: unknown) => void,
): TokenCounting => {
  let wishes: TextWishes = {};
  let count: TokenCounter | undefined;
  const load = async (): Promise<void> => {
    const counter = await loadTokenCounter('o200k_base');
    count = (text) => counter(text, { maxChars });
  };
  return {
    get wishes() {
      return count ? wishes : { ...wishes, sampleText: false };
    },
    get count() {
      return count;
    },
    apply: (config) => {
      const needs = decideLimitNeeds(config);
      const sampleText = mode === 'always' || (mode === 'auto' && needs.tokenizer);
      wishes = { countWords: needs.words, sampleText };
      if (sampleText && !count) load().catch(onError);
    },
  };
};
