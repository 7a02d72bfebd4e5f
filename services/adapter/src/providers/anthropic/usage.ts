import type { Usage } from '@weir/contracts';
import { known, readCount, readObject, remainder } from '../count.ts';

/** Counts of Anthropic, whose input tokens do not include the cached ones. */
interface AnthropicCounts {
  readonly input: number | undefined;
  readonly cacheRead: number | undefined;
  readonly cacheWrite: number | undefined;
  /** The part of `cacheWrite` that lives for an hour. */
  readonly cacheWrite1h: number | undefined;
  readonly output: number | undefined;
}

const sum = (...counts: (number | undefined)[]): number =>
  counts.reduce<number>((all, one) => all + (one ?? 0), 0);

const readCounts = (value: unknown): AnthropicCounts => {
  const usage = readObject(value);
  const creation = readObject(usage['cache_creation']);
  const split5m = readCount(creation['ephemeral_5m_input_tokens']);
  const cacheWrite1h = readCount(creation['ephemeral_1h_input_tokens']);
  const ofSplit =
    split5m === undefined && cacheWrite1h === undefined ? undefined : sum(split5m, cacheWrite1h);
  return {
    input: readCount(usage['input_tokens']),
    cacheRead: readCount(usage['cache_read_input_tokens']),
    cacheWrite: larger(readCount(usage['cache_creation_input_tokens']), ofSplit),
    cacheWrite1h,
    output: readCount(usage['output_tokens']),
  };
};

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
  // message_start says how long the writes live, message_delta restates their sum alone.
  const cacheWrite1h = larger(now.cacheWrite1h, earlier.cacheWrite1h);
  // Without the split all writes are the short-lived kind.
  const cacheWrite5m = remainder(larger(now.cacheWrite, earlier.cacheWrite), cacheWrite1h);
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
