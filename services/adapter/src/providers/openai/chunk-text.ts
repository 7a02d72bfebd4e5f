import { SpokenText } from '../../core/spoken-text.ts';

/**
 * Counts the characters of text in the chunks of chat completions (`delta`) and legacy completions (`text`). A chunk has
 * one choice, unless `several` were asked for.
 */
export const createChunkText = (several: boolean): ((chunk: Uint8Array) => number) => {
  // The one that the chunks of this stream have comes first, once it is known.
  let likely = new SpokenText('delta', { several });
  let other = new SpokenText('text', { several });
  return (chunk) => {
    const units = likely.count(chunk);
    if (units > 0) return units;
    const others = other.count(chunk);
    if (others > 0) [likely, other] = [other, likely];
    return others;
  };
};
