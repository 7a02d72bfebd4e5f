import type { JsonToken } from './json-token.ts';

const backslash = 0x5c;
const escapedBytes = 6;
const quotes = 2;

const hexValue = (byte: number | undefined): number => {
  if (byte === undefined) return Number.NaN;
  return byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57;
};

/** The character that `\u00XX` at `position` stands for; -1 for any other escape. */
const decodeEscape = (bytes: Uint8Array, position: number): number => {
  const isLatin =
    bytes[position + 1] === 0x75 && bytes[position + 2] === 0x30 && bytes[position + 3] === 0x30;
  return isLatin ? hexValue(bytes[position + 4]) * 16 + hexValue(bytes[position + 5]) : -1;
};

const isSpelled = (token: JsonToken, codes: readonly number[]): boolean => {
  const { bytes } = token;
  let position = token.from + 1;
  for (const code of codes) {
    const isEscape = bytes[position] === backslash;
    if ((isEscape ? decodeEscape(bytes, position) : bytes[position]) !== code) return false;
    position += isEscape ? escapedBytes : 1;
  }
  return true;
};

/**
 * Finds a key among names of letters, digits and underscores without making a string of it. A key spelled with
 * escapes is the same key to every JSON parser, so it matches too: nothing may hide behind `"mod\u0065l"`.
 * The tokens must keep six bytes a character of the longest name.
 */
export const createKeyMatcher = <Name extends string>(
  names: readonly Name[],
): ((token: JsonToken) => Name | undefined) => {
  const byLength: { readonly name: Name; readonly codes: readonly number[] }[][] = [];
  for (const name of names) {
    const codes = Array.from(name, (character) => character.charCodeAt(0));
    byLength[codes.length] = [...(byLength[codes.length] ?? []), { name, codes }];
  }

  return (token) => {
    const candidates = byLength[token.hasEscape ? token.units : token.end - token.start - quotes];
    if (candidates === undefined) return undefined;
    for (const candidate of candidates) if (isSpelled(token, candidate.codes)) return candidate.name;
    return undefined;
  };
};
