import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toRequestId } from './request-id.ts';

const latest = 2 ** 48 - 1;

it('a request id is a UUID of version 7 and of the variant of RFC 9562', () => {
  fc.assert(
    fc.property(fc.nat(latest), fc.uuid({ version: 4 }), (now, random) => {
      expect(toRequestId(now, random)).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
    }),
  );
});

it('holds the time in milliseconds', () => {
  // The example of RFC 9562, appendix A.6.
  const id = toRequestId(Date.UTC(2022, 1, 22, 19, 22, 22), 'ffffffff-ffff-4cc3-98c4-dc0c0c07398f');
  expect(id).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
});

it('sorts by time', () => {
  fc.assert(
    fc.property(fc.nat(latest), fc.nat(latest), (left, right) => {
      fc.pre(left < right);
      expect(toRequestId(left, randomUUID()) < toRequestId(right, randomUUID())).toBe(true);
    }),
  );
});
