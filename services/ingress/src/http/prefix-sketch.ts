import { createHash } from 'node:crypto';
import { prefixEnds } from '@weir/contracts';

/** 64 bits and some: what collides costs a better target, and nothing else. */
const digestChars = 11;

/**
 * A digest of each prefix of the prompt, the shortest first, as the scheduler compares them. Of the bytes as they came,
 * so that nothing is decoded, and 64 KiB at most. Prompts of different models have nothing in common.
 */
export const toPrefixSketch = (body: Uint8Array, start: number, model: string): readonly string[] => {
  const sketch: string[] = [];
  const hash = createHash('sha256').update(`${model}\n`);
  let from = start;
  for (const end of prefixEnds) {
    if (start + end > body.byteLength) break;
    hash.update(body.subarray(from, start + end));
    from = start + end;
    sketch.push(hash.copy().digest('base64url').slice(0, digestChars));
  }
  return sketch;
};
