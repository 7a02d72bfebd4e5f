import { expect, it } from 'vitest';
import { toRetryAfterMs } from './retry-after.ts';

const now = Date.UTC(2030, 0, 1);

it.each([
  [{ 'retry-after': '2' }, 2_000],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': '1.5' }, 1_500],
  [{ 'retry-after-ms': '120.2', 'retry-after': '9' }, 121],
  [{ 'retry-after-ms': 'soon', 'retry-after': '9' }, 9_000],
  [{ 'retry-after': 'Tue, 01 Jan 2030 00:00:03 GMT' }, 3_000],
  [{ 'retry-after': 'Tue, 01 Jan 2019 00:00:00 GMT' }, 0],
  [{ 'retry-after': ['4', '5'] }, 4_000],
  [{ 'retry-after': '-1x' }, undefined],
  [{ 'retry-after': '' }, undefined],
  [{}, undefined],
])('%j is a pause of %s ms', (headers, expected) => {
  expect(toRetryAfterMs(headers, now)).toBe(expected);
});
