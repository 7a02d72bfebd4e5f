import type { Usage } from '@weir/contracts';
import { known, readCount, readObject } from '../count.ts';

/** Counts of Anthropic, whose input tokens do not include the cached ones. */
interface AnthropicCounts {
  readonly input: number | undefined;
  readonly cacheRead: number | undefined;
  readonly cacheWrite5m: number | undefined;
  readonly cacheWrite1h: number | undefined;
  readonly output: number | undefined;
}

const readCounts = (value: unknown): AnthropicCounts => {
  const usage = readObject(value);
  const creation = readObject(usage['cache_creation']);
  const split5m = readCount(creation['ephemeral_5m_input_tokens']);
  const cacheWrite1h = readCount(creation['ephemeral_1h_input_tokens']);
  return {
    input: readCount(usage['input_tokens']),
    cacheRead: readCount(usage['cache_read_input_tokens']),
    // Without the split all cache writes are the short-lived kind.
    cacheWrite5m: split5m ?? readCount(usage['cache_creation_input_tokens']),
    cacheWrite1h,
    output: readCount(usage['output_tokens']),
  };
};

const sum = (...counts: (number | undefined)[]): number =>
  counts.reduce<number>((all, one) => all + (one ?? 0), 0);

const larger = (left: number | undefined, right: number | undefined): number | undefined =>
  left === undefined ? right : right === undefined ? left : Math.max(left, right);

/**
 * Usage of a message. Counts of later events are cumulative and may restate earlier ones, and some servers
 * send 0 first: the larger of the two holds, nothing is ever added.
 */
export const toAnthropicUsage = (value: unknown, before?: unknown): Usage | undefined => {
  const now = readCounts(value);
  const earlier = readCounts(before);
  const input = larger(now.input, earlier.input);
  const outputTotal = larger(now.output, earlier.output);
  if (input === undefined && outputTotal === undefined) return undefined;
  const cacheRead = larger(now.cacheRead, earlier.cacheRead);
  const cacheWrite5m = larger(now.cacheWrite5m, earlier.cacheWrite5m);
  const cacheWrite1h = larger(now.cacheWrite1h, earlier.cacheWrite1h);
  return known({
    inputText: input,
    cacheRead,
    cacheWrite5m,
    cacheWrite1h,
    outputText: outputTotal,
    inputTotal: input === undefined ? undefined : sum(input, cacheRead, cacheWrite5m, cacheWrite1h),
    outputTotal,
  });
};
