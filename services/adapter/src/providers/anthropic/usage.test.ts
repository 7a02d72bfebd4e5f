import type { Usage } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toAnthropicUsage } from './usage.ts';

const split = { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 };

describe('Anthropic counts exclusively: input tokens do not hold the cached ones', () => {
  it.each<[string, object, Usage]>([
    [
      'a plain message',
      { input_tokens: 5, output_tokens: 7 },
      { inputText: 5, inputTotal: 5, outputText: 7, outputTotal: 7 },
    ],
    [
      'cache reads and writes',
      { input_tokens: 5, cache_read_input_tokens: 3, cache_creation_input_tokens: 30, output_tokens: 7 },
      { inputText: 5, cacheRead: 3, cacheWrite5m: 30, inputTotal: 38, outputText: 7, outputTotal: 7 },
    ],
    [
      'cache writes by how long they live',
      { input_tokens: 5, cache_creation_input_tokens: 30, cache_creation: split, output_tokens: 7 },
      { inputText: 5, cacheWrite5m: 10, cacheWrite1h: 20, inputTotal: 35, outputText: 7, outputTotal: 7 },
    ],
    [
      'cache writes that all live for an hour',
      { input_tokens: 5, cache_creation_input_tokens: 20, cache_creation: { ephemeral_1h_input_tokens: 20 } },
      { inputText: 5, cacheWrite5m: 0, cacheWrite1h: 20, inputTotal: 25 },
    ],
    [
      'the split without its sum',
      { input_tokens: 5, cache_creation: split },
      { inputText: 5, cacheWrite5m: 10, cacheWrite1h: 20, inputTotal: 35 },
    ],
  ])('%s', (_what, reported, usage) => {
    expect(toAnthropicUsage(reported)).toEqual(usage);
  });
});

it.each([undefined, null, {}, { input_tokens: null }, { input_tokens: -1 }, 'x'])(
  'what says nothing is unknown, not zero: %j',
  (value) => expect(toAnthropicUsage(value)).toBeUndefined(),
);

describe('a later event', () => {
  it('overwrites what it restates, and never adds to it', () => {
    expect(
      toAnthropicUsage({ input_tokens: 61, output_tokens: 9 }, { input_tokens: 43, output_tokens: 1 }),
    ).toEqual({ inputText: 61, inputTotal: 61, outputText: 9, outputTotal: 9 });
  });

  it('that restates zeros takes nothing away', () => {
    const start = { input_tokens: 43, cache_read_input_tokens: 5, output_tokens: 1 };
    expect(
      toAnthropicUsage({ input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 9 }, start),
    ).toMatchObject({ inputText: 43, cacheRead: 5, inputTotal: 48, outputTotal: 9 });
  });

  it('that restates the sum of cache writes alone does not bill them twice', () => {
    const start = {
      input_tokens: 5,
      cache_creation_input_tokens: 30,
      cache_creation: split,
      output_tokens: 1,
    };
    const delta = { input_tokens: 5, cache_creation_input_tokens: 30, output_tokens: 9 };
    expect(toAnthropicUsage(delta, start)).toMatchObject({
      cacheWrite5m: 10,
      cacheWrite1h: 20,
      inputTotal: 35,
    });
  });
});

it('the lanes add up to the total, and hearing the same twice changes nothing', () => {
  const count = fc.option(fc.nat(1_000), { nil: undefined });
  const anyReport = fc
    .record({ input: fc.nat(1_000), read: count, fiveMinutes: count, hour: count, output: count })
    .map(({ input, read, fiveMinutes, hour, output }) => ({
      input_tokens: input,
      cache_read_input_tokens: read,
      cache_creation_input_tokens: (fiveMinutes ?? 0) + (hour ?? 0),
      cache_creation: { ephemeral_5m_input_tokens: fiveMinutes, ephemeral_1h_input_tokens: hour },
      output_tokens: output,
    }));
  fc.assert(
    fc.property(anyReport, (report) => {
      const usage = toAnthropicUsage(report);
      const { inputText = 0, cacheRead = 0, cacheWrite5m = 0, cacheWrite1h = 0, inputTotal } = usage ?? {};
      expect(inputText + cacheRead + cacheWrite5m + cacheWrite1h).toBe(inputTotal);
      expect(toAnthropicUsage(report, report)).toEqual(usage);
      const { cache_creation: _split, ...sums } = report;
      expect(toAnthropicUsage(sums, report)).toEqual(usage);
    }),
  );
});
