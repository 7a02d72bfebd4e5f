import { emptyHash, finishHash, foldText, type HashState } from './seeded-random.ts';

/** One token is four UTF-16 units of text. Role names and tool definitions do not count. */
export const charsPerToken = 4;

const maxMarkedTokens = 1_000_000;
const markerPattern = /\[\[tokens:(\d{1,9})\]\]/g;

/** What the rest needs to know of all the text in a request. */
export interface Prompt {
  readonly tokens: number;
  readonly hash: HashState;
  /** N of the last `[[tokens:N]]`. */
  readonly markedTokens: number | undefined;
  readonly wantsUnicode: boolean;
  readonly texts: readonly string[];
}

export interface PromptBuilder {
  add(role: string, text: string): void;
  /** Already tokenized input: each number is one token. */
  addTokens(role: string, tokens: readonly unknown[]): void;
  build(): Prompt;
}

const lastMarker = (text: string): number | undefined => {
  if (!text.includes('[[tokens:')) return undefined;
  const last = [...text.matchAll(markerPattern)].at(-1)?.[1];
  return last === undefined ? undefined : Math.min(Number(last), maxMarkedTokens);
};

export const createPromptBuilder = (): PromptBuilder => {
  const texts: string[] = [];
  let chars = 0;
  let ready = 0;
  let hash = emptyHash;
  let markedTokens: number | undefined;
  let wantsUnicode = false;
  return {
    add(role, text) {
      texts.push(text);
      chars += text.length;
      hash = foldText(foldText(hash, `\u0000${role}\u0000`), text);
      markedTokens = lastMarker(text) ?? markedTokens;
      wantsUnicode ||= text.includes('unicode');
    },
    addTokens(role, tokens) {
      ready += tokens.length;
      hash = foldText(hash, `\u0000${role}\u0000${tokens.join(' ')}`);
    },
    build: () => ({
      tokens: Math.max(1, Math.ceil(chars / charsPerToken) + ready),
      hash,
      markedTokens,
      wantsUnicode,
      texts,
    }),
  };
};

/** Chain hashes of the full KV blocks of a prompt: equal prefixes give equal hashes. */
export const hashBlocks = (texts: readonly string[], blockTokens: number): readonly number[] => {
  const blockChars = blockTokens * charsPerToken;
  const hashes: number[] = [];
  let state = emptyHash;
  let filled = 0;
  for (const text of texts) {
    let offset = 0;
    while (offset < text.length) {
      const end = Math.min(text.length, offset + blockChars - filled);
      state = foldText(state, text.slice(offset, end));
      filled += end - offset;
      offset = end;
      if (filled === blockChars) {
        hashes.push(finishHash(state));
        filled = 0;
      }
    }
  }
  return hashes;
};
