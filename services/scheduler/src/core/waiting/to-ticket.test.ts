import type { EnvelopeMeta } from '@weir/contracts';
import { requestMeta } from '@weir/testing';
import { expect, test } from 'vitest';
import { attemptOf } from '../../testdata/attempt-of.ts';
import { toTicket } from './to-ticket.ts';

const meta = requestMeta(1_000, {
  deadline: 60_000,
  body: { where: 'inline', bytes: 10 },
  client: { ip: '192.0.2.7', headers: {} },
  principal: { org: 'acme', team: '_', key: 'first' },
});

const of = (change: Partial<EnvelopeMeta> = {}) =>
  toTicket({ meta: { ...meta, ...change }, bodyBytes: 10, timeoutMs: 5_000, now: 1_010, payload: null });

test('a request waits from when it came in', () => {
  expect(of()).toMatchObject({
    tenant: 'acme',
    priority: 5,
    since: 1_000,
    timeoutAt: 6_000,
    deadline: 60_000,
    bytes: 4_106,
  });
});

test('one that failed elsewhere keeps its place, and did not wait meanwhile', () => {
  const attempt = attemptOf({
    reservedTokens: 100,
  });
  expect(of({ attempt })).toMatchObject({ arrivedAt: 1_000, since: 1_010, timeoutAt: 6_010 });
  expect(of({ attempt: { ...attempt, answerBy: 4_000 } }).deadline).toBe(4_000);
});

test.each([
  ['is taken as it is', 3, 3],
  ['cannot be above the highest', -4, 0],
  ['nor below the lowest', 99, 9],
])('a priority %s', (_what, priority, expected) => {
  expect(of({ priority }).priority).toBe(expected);
});

test('callers without a key wait behind those of their own address', () => {
  expect(of({ principal: { org: 'anonymous', team: '_', key: '_' } }).tenant).toBe('ip 192.0.2.7');
});

test('an answer counts double, by its cap where that is not set out of reach', () => {
  expect(of().tokens).toBe(100 + 2 * 256);
  expect(of({ features: { ...meta.features, outputCap: 50 } }).tokens).toBe(200);
  expect(of({ features: { ...meta.features, outputCap: 100_000 } }).tokens).toBe(100 + 2 * 1_024);
});
