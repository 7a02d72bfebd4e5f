const plainWords = (
  'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna ' +
  'aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea commodo consequat duis ' +
  'aute irure in reprehenderit voluptate velit esse cillum fugiat nulla pariatur excepteur sint occaecat cupidatat ' +
  'non proident sunt culpa qui officia deserunt mollit anim id est laborum'
).split(' ');

/** Two, three and four byte characters, and what JSON must escape. */
const hardWords = [
  'žluťoučký',
  'Straße',
  '世界',
  'こんにちは',
  '🦀',
  '👩‍👩‍👧',
  'a"b\\c',
  'line\nfeed',
  'naïve',
  'Ω≈ç',
];

const withSpace = (words: readonly string[]): readonly string[] => words.map((word) => ` ${word}`);

export const plainPieces = withSpace(plainWords);

/** Every fourth word is hard, so that a random cut hits one soon. */
export const mixedPieces = withSpace([...plainWords.slice(0, hardWords.length * 3), ...hardWords]);
