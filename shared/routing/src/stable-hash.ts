/** FNV-1a over UTF-16 code units: http://www.isthe.com/chongo/tech/comp/fnv/ */
const fnv = (text: string, seed: number): number => {
  let hash = seed;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
};

/** The last step of MurmurHash3: near texts end far apart. https://github.com/aappleby/smhasher/wiki/MurmurHash3 */
const mix = (given: number): number => {
  let hash = given;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};

const firstSeed = 0x811c9dc5;
const secondSeed = 0x9747b28c;

/** Two independent words of 32 bits. The same text gives the same ones in every process and version. */
export const stableWords = (text: string): readonly [high: number, low: number] => [
  mix(fnv(text, firstSeed)),
  mix(fnv(text, secondSeed)),
];

/** Where a text stands between 0 and 1, both excluded; uniform over texts. */
export const stableFraction = (text: string): number => {
  const [high, low] = stableWords(text);
  return (high * 2 ** 20 + (low >>> 12) + 0.5) / 2 ** 52;
};
