import type { EnvelopeMeta } from '@weir/contracts';
import { expect, it } from 'vitest';
import { toResponseHeaders } from './response-headers.ts';

const meta = { id: 'r1', client: { ip: '::1', headers: {} } } as unknown as EnvelopeMeta;

const costOf = (costNano: string | undefined): unknown =>
  toResponseHeaders({
    head: { status: 200, headers: [] },
    meta,
    candidate: undefined,
    cookie: undefined,
    streams: false,
    summary: {
      usage: { quality: 'reported', ...(costNano === undefined ? {} : { costNano, currency: 'USD' }) },
      startedAt: 0,
      now: 1,
      requestBytes: 1,
      responseBytes: 1,
    },
  })['x-inference-cost'];

it.each([
  ['0', '0'],
  ['1', '0.000000001'],
  ['123000', '0.000123'],
  ['1000000000', '1'],
  ['12345678901234567890', '12345678901.23456789'],
  [undefined, undefined],
])('a cost of %s nano-units is told as %s', (nano, text) => {
  expect(costOf(nano)).toBe(text);
});
