import { describe, expect, it } from 'vitest';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';

describe('traceparent', () => {
  it('is read and written back unchanged', () => {
    for (const sampled of [true, false]) {
      expect(parseTraceparent(formatTraceparent({ traceId, spanId, sampled }))).toEqual({
        traceId,
        spanId,
        sampled,
      });
    }
  });

  it.each([
    ['flags it does not know', `00-${traceId}-${spanId}-03`],
    ['a later version', `01-${traceId}-${spanId}-01`],
    ['fields that a later version appends', `01-${traceId}-${spanId}-01-more`],
  ])('accepts %s', (_case, value) => {
    expect(parseTraceparent(value)).toEqual({ traceId, spanId, sampled: true });
  });

  it.each([
    ['nothing', ''],
    ['a word', 'garbage'],
    ['upper case', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['a zero trace id', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['a zero span id', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['version ff', `ff-${traceId}-${spanId}-01`],
    ['appended fields in version 00', `00-${traceId}-${spanId}-01-more`],
    ['a later version with a tail that is no field', `01-${traceId}-${spanId}-01more`],
    ['a short trace id', `00-${traceId.slice(1)}-${spanId}-01`],
    ['a line break at the end', `00-${traceId}-${spanId}-01\n`],
    ['white space', ` 00-${traceId}-${spanId}-01`],
    ['an endless tail', `01-${traceId}-${spanId}-01-${'a'.repeat(10_000)}`],
  ])('refuses %s', (_case, value) => {
    expect(parseTraceparent(value)).toBeUndefined();
  });
});
