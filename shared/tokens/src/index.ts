export type { Encoding, TokenCount, TokenCounter } from './count-tokens.ts';
export { countTokens, loadTokenCounter } from './count-tokens.ts';
export { estimateFromChars } from './estimate-from-chars.ts';
