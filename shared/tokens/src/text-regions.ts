/** Regions are up to twice as long. Short, because the cost of merging an unbroken run grows with its square. */
const regionChars = 256;

/**
 * Between a letter or digit and what follows here, the split patterns of both encodings always begin a new
 * piece: a text cut there has the tokens of its parts. Marks and apostrophes may belong to the word before them.
 */
const safeCut = /[\p{L}\p{N}][^\p{L}\p{N}\p{M}']/u;

interface Boundary {
  readonly offset: number;
  /** Cutting here cannot change the number of tokens. */
  readonly isSafe: boolean;
}

export interface TextRegions {
  readonly count: number;
  region(index: number): { readonly text: string; readonly isSafe: boolean };
}

const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff;

const boundaryAt = (text: string, index: number): Boundary => {
  const nominal = index * regionChars;
  if (nominal === 0) return { offset: 0, isSafe: true };
  if (nominal >= text.length) return { offset: text.length, isSafe: true };
  const match = safeCut.exec(text.slice(nominal, nominal + regionChars));
  if (match) {
    const wordEnd = isLowSurrogate(match[0].charCodeAt(1)) ? 2 : 1;
    return { offset: nominal + match.index + wordEnd, isSafe: true };
  }
  const isInsidePair = isLowSurrogate(text.charCodeAt(nominal));
  return { offset: isInsidePair ? nominal + 1 : nominal, isSafe: false };
};

/** Cuts a text into short regions, at safe places where there are any. Each is found without reading the others. */
export const cutRegions = (text: string): TextRegions => ({
  count: Math.ceil(text.length / regionChars),
  region: (index) => {
    const start = boundaryAt(text, index);
    const end = boundaryAt(text, index + 1);
    return { text: text.slice(start.offset, end.offset), isSafe: start.isSafe && end.isSafe };
  },
});
