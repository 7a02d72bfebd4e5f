const kib = 1_024;

/**
 * Where the prefixes end that a sketch tells of: bytes behind the start of the prompt in the body. What two prompts
 * have in common is known to within a half.
 */
export const prefixEnds: readonly number[] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64].map((at) => at * kib);
