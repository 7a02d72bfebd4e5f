/** English prose averages a little over four characters a token; code and other scripts have fewer. */
const charsPerToken = 4;

/** Tokens that a text of so many characters (UTF-16 code units) has: `ceil(chars / 4)`. A guess, free of cost. */
export const estimateFromChars = (chars: number): number => Math.ceil(chars / charsPerToken);
