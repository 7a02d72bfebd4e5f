import { samplingOrder } from './sampling-order.ts';
import { cutRegions } from './text-regions.ts';

export type Encoding = 'o200k_base' | 'cl100k_base';

export interface TokenCount {
  readonly tokens: number;
  /** False when the text was sampled, or cut inside an unbroken run. */
  readonly exact: boolean;
}

/** Counts a text's tokens in bounded time. Special tokens such as `<|endoftext|>` are plain text. */
export type TokenCounter = (text: string, bounds?: { readonly maxChars?: number }) => TokenCount;

/** The tokens of one piece of text after another. */
type EncodePieces = (text: string) => Iterable<readonly number[]>;

/** Measured, in µs of one core: splitting and looking up a character, and a token that had to be merged. */
const costPerChar = 0.06;
const costPerMergedToken = 1.5;
const maxCost = 2_500;

/** The cache speeds up ordinary text threefold; an entry is at most 511 characters and their tokens. */
const mergeCacheEntries = 1_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A copy: a slice in the tokenizer's cache would keep the whole text alive. */
const copyText = (text: string): string => decoder.decode(encoder.encode(text));

const createTokenCounter =
  (encodePieces: EncodePieces): TokenCounter =>
  (text, { maxChars = Number.POSITIVE_INFINITY } = {}) => {
    const regions = cutRegions(text);
    let tokens = 0;
    let chars = 0;
    let cost = 0;
    let exact = true;
    for (const index of samplingOrder(regions.count)) {
      if (chars > 0 && (cost >= maxCost || chars >= maxChars)) {
        return { tokens: Math.round((tokens * text.length) / chars), exact: false };
      }
      const region = regions.region(index);
      exact &&= region.isSafe;
      chars += region.text.length;
      cost += region.text.length * costPerChar;
      for (const piece of encodePieces(copyText(region.text))) {
        tokens += piece.length;
        if (piece.length > 1) cost += piece.length * costPerMergedToken;
      }
    }
    return { tokens, exact };
  };

/** Until the engine has compiled the merge loop, a text of unknown words takes ten times as long. */
const warmUpTurns = 20;
const warmUpText = (turn: number): string =>
  Array.from({ length: 200 }, (_, index) => ((index + 7) ** ((turn % 7) + 3)).toString(36)).join(
    turn % 2 ? ' ' : '',
  );

const importEncoding = {
  o200k_base: () => import('gpt-tokenizer/encoding/o200k_base'),
  cl100k_base: () => import('gpt-tokenizer/encoding/cl100k_base'),
};

const loadCounter = async (encoding: Encoding): Promise<TokenCounter> => {
  const { encodeGenerator, setMergeCacheSize } = await importEncoding[encoding]();
  setMergeCacheSize(mergeCacheEntries);
  const plainText = { disallowedSpecial: new Set<string>() };
  const count = createTokenCounter((text) => encodeGenerator(text, plainText));
  for (let turn = 0; turn < warmUpTurns; turn += 1) count(warmUpText(turn));
  return count;
};

const counters = new Map<Encoding, Promise<TokenCounter>>();

/**
 * Loads an encoding, once a process. That takes some 300 ms of CPU and tens of megabytes: call it before the
 * first request, and not at all in a process that never counts.
 */
export const loadTokenCounter = (encoding: Encoding): Promise<TokenCounter> => {
  const counter = counters.get(encoding) ?? loadCounter(encoding);
  counters.set(encoding, counter);
  return counter;
};

/**
 * Tokens of a text, in at most a few milliseconds whatever the text: at worst it is sampled evenly and the count
 * scaled up. The first call loads the encoding.
 */
export const countTokens = async (
  text: string,
  { encoding = 'o200k_base', maxChars }: { readonly encoding?: Encoding; readonly maxChars?: number } = {},
): Promise<TokenCount> => {
  const count = await loadTokenCounter(encoding);
  return count(text, maxChars === undefined ? {} : { maxChars });
};
